//! Makes values up: a template with `{A36}` for 36 letters and digits drawn by chance.

/// A source of chance that gives the same for the same seed.
pub(super) struct MadeUp(u64);

impl MadeUp {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    /// `{h40}` hex, `{d}` digits, `{l}` lower case and digits, `{U}` upper case and digits, `{B}` base32, `{A}`
    /// letters and digits, `{u}` those of base64 in addresses, `{b}` base64.
    pub(super) fn fill(&mut self, template: &str) -> String {
        let mut out = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            let run = after.split_once('}').and_then(|(spec, after)| {
                let (set, length) = spec.split_at_checked(1)?;
                Some((set_of(set)?, length.parse::<usize>().ok()?, after))
            });
            let Some((set, length, after)) = run else {
                out.push('{');
                rest = after;
                continue;
            };
            out.extend((0..length).map(|_| char::from(self.one_of(set))));
            rest = after;
        }
        out.push_str(rest);
        out
    }

    fn one_of(&mut self, set: &[u8]) -> u8 {
        set[usize::try_from(self.next() % set.len() as u64).expect("small")]
    }

    /// What a mask must hide: everything after the fixed beginning of the template.
    pub(super) fn variable_part<'a>(template: &str, filled: &'a str) -> &'a str {
        let fixed = template.find('{').unwrap_or(0);
        let end = template.rfind('}').map_or(0, |at| template.len() - at - 1);
        &filled[fixed..filled.len() - end]
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }
}

fn set_of(name: &str) -> Option<&'static [u8]> {
    Some(match name {
        "h" => b"0123456789abcdef",
        "d" => b"0123456789",
        "l" => b"0123456789abcdefghijklmnopqrstuvwxyz",
        "U" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "B" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "A" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        "u" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_",
        "b" => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/",
        _ => return None,
    })
}

//! An answer as it is kept outside of the daemon: what it answers, of which state of the server it is, and
//! its bytes, compressed where that pays. Whatever is not exactly that is no answer.

use agent_memory_proto::{BUILD, codec::Message, model::ScopeRef};
use sha2::{Digest, Sha256};

/// How every value begins; another number for another layout.
const MARK: &[u8; 8] = b"amcache1";
/// A value is larger than its answer by this.
pub(super) const HEAD_BYTES: usize = MARK.len() + QUESTION_BYTES + 4 * 8 + 4 + CHECK_BYTES;
/// Most bytes of an answer.
pub(super) const ANSWER_BYTES_MAX: usize = 256 * 1_024;
const QUESTION_BYTES: usize = 32;
const CHECK_BYTES: usize = 16;
/// A shorter answer is not compressed: it would take longer than to carry it.
const COMPRESS_FROM_BYTES: usize = 4 * 1_024;

/// A question, so that every daemon and every build of the same version makes the same of the same, and
/// something else of anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question([u8; QUESTION_BYTES]);

impl Question {
    /// The question of a kind, for which these scopes are looked at; `None` is all scopes. `setting` is what
    /// the daemon's settings add to it. `None` when it cannot be told.
    #[must_use]
    pub fn new(
        kind: &str,
        request: &impl Message,
        setting: u32,
        scopes: Option<&[ScopeRef]>,
    ) -> Option<Self> {
        let request = request.encode().ok()?;
        let mut digest = Sha256::new();
        for part in [MARK.as_slice(), BUILD.as_bytes(), kind.as_bytes(), &request, &setting.to_le_bytes()] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        digest.update([u8::from(scopes.is_some())]);
        for scope in scopes.unwrap_or_default() {
            digest.update([scope.level as u8, u8::from(scope.id.is_some())]);
            digest.update(scope.id.map_or([0; 16], |id| id.0));
        }
        Some(Self(digest.finalize().into()))
    }

    /// A name for it.
    #[must_use]
    pub fn name(&self) -> String {
        let mut first = [0; 16];
        first.copy_from_slice(&self.0[..16]);
        agent_memory_proto::model::Id(first).to_string()
    }
}

/// An answer and of when it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedAnswer {
    /// The run of the server that it was read from.
    pub incarnation: u64,
    /// Every transaction below this was seen.
    pub watermark: u64,
    /// The time that it was judged by; it says nothing of earlier times.
    pub judged_at_ms: i64,
    /// When it is no longer good though nothing changes.
    pub good_until_ms: i64,
    /// The encoded response.
    pub payload: Vec<u8>,
}

impl SharedAnswer {
    /// The value that answers the question; `None` when it is too large to be kept.
    #[must_use]
    pub fn seal(&self, question: &Question) -> Option<Vec<u8>> {
        if self.payload.len() > ANSWER_BYTES_MAX {
            return None;
        }
        let compressed = (self.payload.len() >= COMPRESS_FROM_BYTES)
            .then(|| lz4_flex::block::compress(&self.payload))
            .filter(|compressed| compressed.len() < self.payload.len() / 8 * 7);
        let body = compressed.as_ref().unwrap_or(&self.payload);
        let mut value = Vec::with_capacity(HEAD_BYTES + body.len());
        value.extend_from_slice(MARK);
        value.extend_from_slice(&question.0);
        for number in [
            self.incarnation,
            self.watermark,
            self.judged_at_ms.cast_unsigned(),
            self.good_until_ms.cast_unsigned(),
        ] {
            value.extend_from_slice(&number.to_le_bytes());
        }
        // 0 says that it is not compressed.
        let length = compressed.as_ref().map_or(0, |_| self.payload.len());
        value.extend_from_slice(&u32::try_from(length).ok()?.to_le_bytes());
        let check = check(&value, body);
        value.extend_from_slice(&check);
        value.extend_from_slice(body);
        Some(value)
    }

    /// The answer to the question that a value holds; `None` when it holds none.
    #[must_use]
    pub fn open(question: &Question, value: &[u8]) -> Option<Self> {
        if value.len() > HEAD_BYTES + ANSWER_BYTES_MAX {
            return None;
        }
        let (head, body) = value.split_at_checked(HEAD_BYTES)?;
        let (head, told) = head.split_at(HEAD_BYTES - CHECK_BYTES);
        let rest = head.strip_prefix(MARK)?.strip_prefix(&question.0)?;
        if check(head, body) != told {
            return None;
        }
        let number = |place: usize| rest[8 * place..8 * place + 8].try_into().map(u64::from_le_bytes);
        let length = usize::try_from(u32::from_le_bytes(rest[32..36].try_into().ok()?)).ok()?;
        let payload = match length {
            0 => body.to_vec(),
            1..=ANSWER_BYTES_MAX => {
                lz4_flex::block::decompress(body, length).ok().filter(|all| all.len() == length)?
            }
            _ => return None,
        };
        Some(Self {
            incarnation: number(0).ok()?,
            watermark: number(1).ok()?,
            judged_at_ms: number(2).ok()?.cast_signed(),
            good_until_ms: number(3).ok()?.cast_signed(),
            payload,
        })
    }
}

/// Shows what is damaged. It keeps nobody out who may write there.
fn check(head: &[u8], body: &[u8]) -> [u8; CHECK_BYTES] {
    let digest = Sha256::new().chain_update(head).chain_update(body).finalize();
    let mut check = [0; CHECK_BYTES];
    check.copy_from_slice(&digest[..CHECK_BYTES]);
    check
}

#[cfg(test)]
mod tests {
    use agent_memory_proto::{model::Id, request::Search};
    use proptest::prelude::*;

    use super::*;

    fn question(query: &str) -> Question {
        Question::new("search", &Search::new(query, None), 0, None).expect("told")
    }

    fn answer(payload: Vec<u8>) -> SharedAnswer {
        SharedAnswer {
            incarnation: u64::MAX,
            watermark: 7,
            judged_at_ms: -1,
            good_until_ms: i64::MAX,
            payload,
        }
    }

    #[test]
    fn every_part_of_a_question_counts() {
        let search = Search::new("a", None);
        let of = |kind, setting, scopes: Option<&[ScopeRef]>| {
            Question::new(kind, &search, setting, scopes).expect("told")
        };
        let (one, other) = (ScopeRef::project(Id([1; 16])), ScopeRef::session(Id([1; 16])));
        let all = [
            of("search", 0, None),
            of("context", 0, None),
            of("search", 1, None),
            of("search", 0, Some(&[])),
            of("search", 0, Some(&[one])),
            of("search", 0, Some(&[other])),
            of("search", 0, Some(&[one, ScopeRef::GLOBAL])),
            question("b"),
        ];
        for (place, question) in all.iter().enumerate() {
            assert!(
                all[..place].iter().all(|earlier| earlier != question && earlier.name() != question.name())
            );
        }
        assert_eq!(of("search", 0, Some(&[one])), of("search", 0, Some(&[one])));
    }

    #[test]
    fn an_answer_comes_back_whole_and_is_smaller_where_that_pays() {
        for payload in [vec![], vec![1; 100], vec![7; ANSWER_BYTES_MAX], b"abc".repeat(5_000)] {
            let answer = answer(payload);
            let value = answer.seal(&question("a")).expect("fits");
            assert!(value.len() < HEAD_BYTES + COMPRESS_FROM_BYTES, "{}", value.len());
            assert_eq!(SharedAnswer::open(&question("a"), &value), Some(answer));
            assert_eq!(SharedAnswer::open(&question("b"), &value), None, "it answers something else");
        }
        assert_eq!(answer(vec![0; ANSWER_BYTES_MAX + 1]).seal(&question("a")), None);
    }

    #[test]
    fn a_length_that_is_a_lie_makes_no_room() {
        let value = answer(vec![7; 100_000]).seal(&question("a")).expect("fits");
        for length in [1_u32, 99_999, 100_001, u32::MAX] {
            let mut lie = value.clone();
            lie[HEAD_BYTES - CHECK_BYTES - 4..HEAD_BYTES - CHECK_BYTES]
                .copy_from_slice(&length.to_le_bytes());
            let told = check(&lie[..HEAD_BYTES - CHECK_BYTES], &lie[HEAD_BYTES..]);
            lie[HEAD_BYTES - CHECK_BYTES..HEAD_BYTES].copy_from_slice(&told);
            assert_eq!(SharedAnswer::open(&question("a"), &lie), None, "{length}");
        }
        assert_eq!(SharedAnswer::open(&question("a"), &vec![0; 10_000_000]), None);
    }

    proptest! {
        #[test]
        fn what_is_damaged_is_no_answer(payload in prop::collection::vec(any::<u8>(), 0..9_000), place in any::<prop::sample::Index>(), flip in 1_u8..) {
            let answer = answer(payload);
            let mut value = answer.seal(&question("a")).expect("fits");
            let cut = place.index(value.len());
            prop_assert_eq!(SharedAnswer::open(&question("a"), &value[..cut]), None);
            value[cut] ^= flip;
            prop_assert_eq!(SharedAnswer::open(&question("a"), &value), None);
        }

        #[test]
        fn garbage_is_no_answer(garbage in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(SharedAnswer::open(&question("a"), &garbage), None);
        }
    }
}

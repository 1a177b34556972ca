//! Enums of words: they cross the wire as numbers, and are named and read as words.

/// A word that an enum does not have; it is shown as those that there are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("allowed: {allowed}")]
pub struct UnknownWord {
    /// Those that there are, as `bug, feature`.
    pub allowed: String,
}

/// An enum of words, in the order of the encoding.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash,
            $crate::codec::Encode, $crate::codec::Decode, serde::Serialize,
        )]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every value, in the order of the encoding.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The public name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::model::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let found = Self::ALL.into_iter().find(|value| value.name() == text);
                found.ok_or_else(|| $crate::model::UnknownWord { allowed: Self::ALL.map(Self::name).join(", ") })
            }
        }
    };
}
pub(crate) use words;

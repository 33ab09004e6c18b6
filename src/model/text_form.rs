//! Serde forms of values that people write as text: `"1h"`, `"2021-05-19T12:00:00Z"`, `"2sd"`.

/// Gives a type with `Display` and `FromStr` the serde form of its text.
macro_rules! serde_as_text {
    ($name:ty) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(
                &self,
                to: S,
            ) -> std::result::Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(
                from: D,
            ) -> std::result::Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

/// The same in forms that people read, like JSON. In binary forms, like the catalog's, the value of
/// `$stored`, which derives its form and converts from and into `$name`.
macro_rules! serde_as_text_or {
    ($name:ty, $stored:ty) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(
                &self,
                to: S,
            ) -> std::result::Result<S::Ok, S::Error> {
                if to.is_human_readable() {
                    to.collect_str(self)
                } else {
                    serde::Serialize::serialize(&<$stored>::from(*self), to)
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(
                from: D,
            ) -> std::result::Result<Self, D::Error> {
                if from.is_human_readable() {
                    let text = <std::borrow::Cow<'de, str>>::deserialize(from)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    <$stored>::deserialize(from).map(Self::from)
                }
            }
        }
    };
}

/// Gives a type whose serde form is a text the JSON schema of a text, which says what it looks like.
macro_rules! schema_as_text {
    ($name:ident, $about:literal) => {
        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "description": $about })
            }
        }
    };
}

pub(crate) use {schema_as_text, serde_as_text, serde_as_text_or};

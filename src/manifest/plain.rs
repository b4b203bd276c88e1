//! Releases as `manifest add` writes them: a key and its value on each line, no escapes, no line that goes on. Almost every
//! manifest of thousands of releases is such text, and reading it so takes a fraction of what a reader of all TOML takes.
//!
//! Whatever is written in another way is none of this, and is read as TOML (<https://toml.io/en/v1.0.0>). What is read here
//! means there what it means here.

/// A value on one line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plain<'t> {
    /// A basic string without escapes.
    Text(&'t str),
    /// A decimal number without a sign.
    Number(i64),
    /// `true` or `false`.
    Flag(bool),
    /// Texts and numbers.
    List(Vec<Plain<'t>>),
    /// An array of tables, such as `[[release]]`.
    Tables(Vec<Table<'t>>),
}

/// Keys, each once, and their values.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Table<'t>(Vec<(&'t str, Plain<'t>)>);

const RELEASE: &str = "[[release]]";
const ARTIFACT: &str = "[[release.artifact]]";
/// More keys than most releases have.
const USUAL: usize = 8;

impl<'t> Table<'t> {
    /// Reads releases with their artifacts. Nothing where any line is of another kind.
    pub(super) fn read(text: &'t str) -> Option<Self> {
        let mut releases: Vec<Self> = Vec::new();
        for line in text.split_inclusive('\n') {
            match line.strip_suffix('\n').unwrap_or(line) {
                "" => {}
                RELEASE => releases.push(Self(Vec::with_capacity(USUAL))),
                ARTIFACT => releases.last_mut()?.artifacts()?.push(Self::default()),
                line => {
                    let (key, value) = line.split_once('=')?;
                    let (key, value) = (key.strip_suffix(' ')?, value.strip_prefix(' ')?);
                    releases.last_mut()?.last()?.add(key, Plain::read(value)?)?;
                }
            }
        }
        Some(Self(vec![("release", Plain::Tables(releases))]))
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Plain<'t>> {
        self.0.iter().find_map(|(name, value)| (*name == key).then_some(value))
    }

    /// All keys.
    pub(super) fn names(&self) -> impl Iterator<Item = &'t str> {
        self.0.iter().map(|(name, _)| *name)
    }

    /// Nothing where there is such a key already.
    fn add(&mut self, key: &'t str, value: Plain<'t>) -> Option<()> {
        let letter = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_');
        let is_new = self.get(key).is_none() && !key.is_empty() && key.bytes().all(letter);
        is_new.then(|| self.0.push((key, value)))
    }

    fn artifacts(&mut self) -> Option<&mut Vec<Self>> {
        if self.get("artifact").is_none() {
            self.0.push(("artifact", Plain::Tables(Vec::new())));
        }
        // The keys of a release end where its first artifact begins.
        match self.0.last_mut()? {
            ("artifact", Plain::Tables(artifacts)) => Some(artifacts),
            _ => None,
        }
    }

    /// The table that a line belongs to.
    fn last(&mut self) -> Option<&mut Self> {
        if matches!(self.0.last(), Some((_, Plain::Tables(_)))) { self.artifacts()?.last_mut() } else { Some(self) }
    }
}

impl<'t> Plain<'t> {
    fn read(text: &'t str) -> Option<Self> {
        match text {
            "true" => Some(Self::Flag(true)),
            "false" => Some(Self::Flag(false)),
            "[]" => Some(Self::List(Vec::new())),
            _ => match text.strip_prefix('[') {
                Some(rest) => Self::list(rest.strip_suffix(']')?).map(Self::List),
                None => Self::one(text),
            },
        }
    }

    /// A text with a comma is cut in two there, neither of which is a text.
    fn list(text: &'t str) -> Option<Vec<Self>> {
        let mut items = text.split(',');
        let first = Self::one(items.next()?);
        std::iter::once(first).chain(items.map(|item| Self::one(item.strip_prefix(' ')?))).collect()
    }

    fn one(text: &'t str) -> Option<Self> {
        match text.strip_prefix('"') {
            Some(rest) => rest.strip_suffix('"').filter(|text| text.bytes().all(stands_for_itself)).map(Self::Text),
            None => number(text).map(Self::Number),
        }
    }
}

/// In a basic string.
fn stands_for_itself(byte: u8) -> bool {
    byte >= b' ' && !matches!(byte, b'"' | b'\\' | 0x7f)
}

fn number(text: &str) -> Option<i64> {
    let is_plain = text.bytes().all(|letter| letter.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if is_plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use toml::de::{DeTable, DeValue};

    use super::*;

    /// What TOML says of the same text, in the same words. Nothing where there is more in it.
    fn by_toml<'t>(value: &'t DeValue<'_>) -> Option<Plain<'t>> {
        Some(match value {
            DeValue::String(text) => Plain::Text(text),
            DeValue::Integer(number) => Plain::Number(i64::from_str_radix(number.as_str(), number.radix()).ok()?),
            DeValue::Boolean(flag) => Plain::Flag(*flag),
            DeValue::Array(items) if items.iter().next().is_some_and(|item| item.get_ref().is_table()) => {
                let tables = items.iter().map(|item| item.get_ref().as_table().and_then(table_by_toml));
                Plain::Tables(tables.collect::<Option<_>>()?)
            }
            DeValue::Array(items) => {
                Plain::List(items.iter().map(|item| by_toml(item.get_ref())).collect::<Option<_>>()?)
            }
            _ => return None,
        })
    }

    fn table_by_toml<'t>(table: &'t DeTable<'_>) -> Option<Table<'t>> {
        let pairs = table.iter().map(|(key, value)| Some((key.get_ref().as_ref(), by_toml(value.get_ref())?)));
        pairs.collect::<Option<_>>().map(sorted)
    }

    /// TOML keeps no order of keys.
    fn sorted<'t>(pairs: Vec<(&'t str, Plain<'t>)>) -> Table<'t> {
        let mut pairs: Vec<_> = pairs
            .into_iter()
            .map(|(key, value)| match value {
                Plain::Tables(tables) => {
                    (key, Plain::Tables(tables.into_iter().map(|Table(pairs)| sorted(pairs)).collect()))
                }
                value => (key, value),
            })
            .collect();
        pairs.sort_by_key(|(key, _)| *key);
        Table(pairs)
    }

    #[test]
    fn a_release_as_it_is_entered_is_read_plainly() {
        let text =
            "[[release]]\nversion = \"1.4.0\"\nreads = [4, \"6\"]\nbarrier = true\n\n[[release.artifact]]\nsize = 5\n";
        let artifact = Table(vec![("size", Plain::Number(5))]);
        let release = Table(vec![
            ("version", Plain::Text("1.4.0")),
            ("reads", Plain::List(vec![Plain::Number(4), Plain::Text("6")])),
            ("barrier", Plain::Flag(true)),
            ("artifact", Plain::Tables(vec![artifact])),
        ]);
        assert_eq!(Table::read(text), Some(Table(vec![("release", Plain::Tables(vec![release]))])));
    }

    #[test]
    fn what_is_written_in_another_way_is_left_to_toml() {
        let others = [
            "a = \"\\n\"",
            "a = \"\"\"",
            "a = 'b'",
            "a = \"b\" # c",
            "a = 007",
            "a = -1",
            "a = 1_000",
            "a = 1.0",
            "a = [1,2]",
            "a = [\"b, c\"]",
            "a = [[1]]",
            "a = {}",
            "a.b = 1",
            "\"a\" = 1",
            "a=1",
            " a = 1",
            "a = 1\r",
            "a = \"\t\"",
            "a = 1\na = 2",
            "# a",
            "[release.artifact]",
            "[[release.artifact]] ",
            "artifact = 3\n[[release.artifact]]",
            "artifact = 3\nb = 4\n[[release.artifact]]",
            "a = 99999999999999999999",
        ];
        for other in others {
            assert_eq!(Table::read(&format!("[[release]]\n{other}\n")), None, "{other:?}");
        }
        assert_eq!(Table::read("a = 1\n"), None);
        assert_eq!(Table::read(ARTIFACT), None);
    }

    fn lines() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            Just(RELEASE.to_owned()),
            Just(ARTIFACT.to_owned()),
            "[a-c]{1,2} = (true|false|0|[1-9][0-9]{0,3}|\"[ -~é]{0,4}\"|\\[(1|\"a\")(, (2|\"b\"))?\\]|\\[\\])",
            "[a-c\"'=\\[\\]#,. \\\\0-9\r\t]{0,8}",
            Just("artifact = []".to_owned()),
        ];
        proptest::collection::vec(line, 0..9).prop_map(|lines| format!("{RELEASE}\n{}", lines.join("\n")))
    }

    proptest! {
        #[test]
        fn what_is_read_plainly_means_the_same_in_toml(text in lines()) {
            if let Some(Table(plain)) = Table::read(&text) {
                let whole = DeTable::parse(&text).unwrap();
                prop_assert_eq!(Some(sorted(plain)), table_by_toml(whole.get_ref()));
            }
        }
    }
}

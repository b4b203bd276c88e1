use proptest::prelude::*;

use super::*;

const HEAD: &str = "format = 1\nsql = [\"rows.sql\"]\n";
const FROM: &str = "[[from]]\nschema = 8\nfingerprint = \
                    \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"\n";

fn files(toml: &str) -> BTreeMap<String, Vec<u8>> {
    let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_owned());
    BTreeMap::from([file(FILE, toml), file("rows.sql", "SELECT 1")])
}

fn mapping(tables: &str) -> Mapping {
    Mapping::read(&files(&format!("{HEAD}{FROM}{tables}"))).unwrap()
}

/// What is wrong with a mapping whose head is five lines.
fn wrong(tables: &str) -> Vec<String> {
    match Mapping::read(&files(&format!("{HEAD}{FROM}{tables}"))).unwrap_err() {
        MappingError::Wrong(findings) => findings.iter().map(ToString::to_string).collect(),
        other => panic!("{other}"),
    }
}

fn shape(tables: &[(&str, &[&str])]) -> Shape {
    let columns =
        |kept: &[&str]| Columns { kept: kept.iter().map(ToString::to_string).collect(), computed: Vec::new() };
    Shape { tables: tables.iter().map(|(name, kept)| ((*name).to_owned(), columns(kept))).collect() }
}

#[test]
fn a_mapping_says_what_becomes_of_each_table() {
    let read = mapping(
        "[[table]]\nname = \"a\"\nleft = \"old\"\nwithout = { c = \"gone\" }\n[[table.into]]\ntable = \"b\"\n\
         where = \"x > 0\"\ntold_by = \"\"\"\n  kind = 'a';\n\"\"\"\nsame = { x = \"y\" }\nchanged = { z = \"w\" }\n\
         [[table]]\nname = \"d\"\ndropped = \"nobody reads it\"\n\
         [[made]]\ntable = \"b\"\nrows = \"SELECT 1\"\nreason = \"a beginning\"\n[[check]]\nwords = \"w\"\nsql = \"SELECT 1\"\n",
    );
    let [first, second] = read.tables() else { panic!("{:?}", read.tables()) };
    let into = &first.into[0];
    assert_eq!((first.name.as_str(), first.left.as_deref(), first.without["c"].as_str()), ("a", Some("old"), "gone"));
    assert_eq!((into.condition.as_deref(), into.told_by.as_deref()), (Some("x > 0"), Some("kind = 'a'")));
    assert_eq!((into.same["x"].as_str(), into.changed["z"].as_str(), &into.rows), ("y", "w", &Rows::Each));
    assert_eq!((second.dropped.as_deref(), second.into.len()), (Some("nobody reads it"), 0));
    assert_eq!((read.made().len(), read.checks().len(), read.sources().len()), (1, 1, 1));
    assert!(read.admits(&SchemaVersion::Number(8), read.sources()[0].fingerprint));
    assert!(!read.admits(&SchemaVersion::Number(7), read.sources()[0].fingerprint));
}

#[test]
fn unknown_keys_are_refused_with_their_line_and_the_nearest_known_one() {
    let found = wrong("[[table]]\nname = \"a\"\n[[table.into]]\ntable = \"b\"\nsome = { x = \"y\" }\n");
    assert!(found.len() == 1 && found[0].starts_with("line 10: unknown key `some` in a target"), "{found:?}");
    assert!(found[0].ends_with("did you mean `same`?"), "{found:?}");
    for (text, expected) in [
        ("[[table]]\nname = \"a\"\n", "line 6: `a` needs either `[[table.into]]` or `dropped`, a reason"),
        ("[[table]]\nname = \"a\"\ndropped = \"\"\n", "line 8: `dropped` must be text"),
        (
            "[[table]]\nname = \"a\"\ndropped = \"x\"\n[[table]]\nname = \"A\"\ndropped = \"x\"\n",
            "line 10: `A` is there already",
        ),
        (
            "[[table]]\nname = \"a\"\n[[table.into]]\ntable = \"b\"\nrows = \"SELECT 1\"\nsame = { x = \"y\" }\n",
            "line 8: `same` needs rows that can be compared one by one",
        ),
        ("[[check]]\nwords = \"w\"\n", "line 6: a check without `sql`"),
    ] {
        let found = wrong(text);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{found:?} and not {expected}");
    }
}

#[test]
fn files_that_are_missing_forgotten_or_no_text_are_named() {
    assert_eq!(Mapping::read(&BTreeMap::new()), Err(MappingError::Missing));
    let mut more = files(&format!("{HEAD}{FROM}"));
    more.insert("more.sql".to_owned(), Vec::new());
    assert!(
        Mapping::read(&more).unwrap_err().to_string().contains("`more.sql` is beside `import.toml` and not named here")
    );
    let fewer = files(&format!("{}{FROM}", HEAD.replace("rows.sql", "row.sql")));
    assert!(Mapping::read(&fewer).unwrap_err().to_string().contains("there is no `row.sql`"));
    more.insert("rows.sql".to_owned(), vec![0xff]);
    assert_eq!(Mapping::read(&more), Err(MappingError::NotText("rows.sql".to_owned())));
}

#[test]
fn of_a_newer_format_nothing_else_is_said() {
    let newer = files("format = 2\nwhatever = 1\n");
    let said = Mapping::read(&newer).unwrap_err().to_string();
    assert_eq!(said, "`import.toml` cannot be used: line 1: format 2 is not known, only 1: a newer installer reads it");
}

#[test]
fn tables_that_are_merged_without_a_mark_must_carry_the_same_columns() {
    let old = shape(&[("a", &["x", "y"]), ("b", &["x", "y"])]);
    let new = shape(&[("c", &["x", "y"])]);
    let of = |second: &str| {
        mapping(&format!(
            "[[table]]\nname = \"a\"\n[[table.into]]\ntable = \"c\"\nsame = {{ x = \"x\", y = \"y\" }}\n\
             [[table]]\nname = \"b\"\n[[table.into]]\ntable = \"c\"\n{second}\n"
        ))
    };
    assert_eq!(of("same = { x = \"y\", y = \"x\" }").check(&old, &new), Vec::<String>::new());
    let found = of("same = { x = \"x\" }\nchanged = { y = \"y\" }").check(&old, &new);
    assert_eq!(found, ["`a` and `b` carry different columns of `c`: say by `told_by` which rows come from which"]);
}

#[test]
fn each_part_of_a_split_carries_a_column_or_a_reason_is_given() {
    let old = shape(&[("a", &["kind", "x"])]);
    let new = shape(&[("b", &["kind", "x"]), ("c", &["kind", "x"])]);
    let of = |without: &str, second: &str| {
        let table = format!(
            "[[table]]\nname = \"a\"\n{without}\n[[table.into]]\ntable = \"b\"\nwhere = \"kind = 'b'\"\n\
             same = {{ kind = \"kind\", x = \"x\" }}\n[[table.into]]\ntable = \"c\"\n{second}\n"
        );
        mapping(&table).check(&old, &new)
    };
    let other = "where = \"kind = 'c'\"";
    let narrow = format!("{other}\nsame = {{ kind = \"kind\" }}");
    assert_eq!(
        of("", &narrow),
        [
            "the old column `a.x` is not carried with the rows that go into `c`: carry it there too, or give the reason in \
          `without`"
        ]
    );
    let reason = "without = { x = \"only of interest in b\" }";
    assert_eq!(of(reason, &narrow), Vec::<String>::new());
    let wide = format!("{other}\nsame = {{ kind = \"kind\" }}\nchanged = {{ x = \"x\" }}");
    assert_eq!(of("", &wide), Vec::<String>::new());
    assert_eq!(of(reason, &wide), ["the old column `a.x` is both carried and dropped"]);
    // What one target has of all rows no other one needs to have.
    let all = "same = { kind = \"kind\", x = \"x\" }\n[[table.into]]\ntable = \"b\"\nwhere = \"x > 1\"\nadds = false";
    assert_eq!(of("", all), Vec::<String>::new());
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "(\\[\\[(table|from|made|check|table\\.into)\\]\\]\n|[a-z_]{1,8} = [\"{}a-z0-9=, ]{0,12}\n){0,8}") {
        let _ = Mapping::read(&files(&format!("{HEAD}{text}")));
        let _ = Mapping::read(&files(&text));
    }
}

#[test]
fn what_answers_something_else_each_time_is_refused_with_its_line() {
    let mut files = files(&format!("{HEAD}{FROM}"));
    files.insert("rows.sql".to_owned(), b"INSERT INTO main.a SELECT 1;\nINSERT INTO main.b SELECT random();".to_vec());
    let said = Mapping::read(&files).unwrap_err().to_string();
    assert!(
        said.contains("line 2: `rows.sql` uses random() at line 2, which answers something else each time"),
        "{said}"
    );
    let table = "[[table]]\nname = \"a\"\n[[table.into]]\ntable = \"b\"\n";
    for (keys, expected) in [
        (format!("{table}where = \"made < date('now')\"\n"), "line 10: `where` uses date('now')"),
        (format!("{table}told_by = \"made = CURRENT_DATE\"\n"), "line 10: `told_by` uses CURRENT_DATE"),
        (format!("{table}rows = \"SELECT random()\"\n"), "line 10: `rows` uses random()"),
        ("[[made]]\ntable = \"b\"\nrows = \"SELECT random()\"\nreason = \"r\"\n".to_owned(), "line 8: `rows` uses"),
        ("[[check]]\nwords = \"w\"\nsql = \"SELECT date()\"\n".to_owned(), "line 8: `sql` uses date() without a time"),
    ] {
        let found = wrong(&keys);
        assert!(found.iter().any(|found| found.starts_with(expected)), "{found:?}");
    }
}

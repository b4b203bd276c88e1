//! Values for tests: all that a database can hold, and often those that are easily lost on the way.

use proptest::prelude::*;
use proptest::sample::select;

use crate::transfer::value::Value;

/// Any value but a NaN, which no database holds.
pub fn any_value() -> impl Strategy<Value = Value<'static>> {
    let real = any::<u64>().prop_map(f64::from_bits).prop_filter("no database holds a NaN", |real| !real.is_nan());
    let text = |text: &str| Value::Text(text.as_bytes().to_owned().into());
    let bytes = || proptest::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        // The ends, and where a double begins to leave numbers out.
        select(vec![i64::MIN, i64::MIN + 1, -1, 0, 1, (1 << 53) + 1, i64::MAX - 1, i64::MAX]).prop_map(Value::Integer),
        real.prop_map(Value::Real),
        select(vec![0.0, -0.0, 1.0, 0.1, 5e-324, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, 9_007_199_254_740_994.0])
            .prop_map(Value::Real),
        any::<String>().prop_map(move |string| text(&string)),
        // What a column of numbers would take for a number, and what ends a text elsewhere.
        "(-?[0-9]{1,20}(\\.[0-9]{0,3})?)".prop_map(move |string| text(&string)),
        select(vec![
            "",
            "\0",
            "a\0b",
            "\"",
            "\n",
            " 1 ",
            "1e400",
            "9223372036854775808",
            "-0.0",
            "\u{2028}",
            "\u{10ffff}"
        ])
        .prop_map(text),
        bytes().prop_map(|bytes| Value::Text(bytes.into())),
        bytes().prop_map(|bytes| Value::Blob(bytes.into())),
    ]
}

type IsIt<'a> = &'a dyn Fn(&Value<'_>) -> bool;

#[test]
fn the_values_that_are_tried_are_those_that_are_easily_lost() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let tried: Vec<_> = (0..4000).map(|_| any_value().new_tree(&mut runner).unwrap().current()).collect();
    let is_text = |value: &Value<'_>, holds: &dyn Fn(&[u8]) -> bool| matches!(value, Value::Text(text) if holds(text));
    let lost: [(&str, IsIt<'_>); 13] = [
        ("NULL", &|value| matches!(value, Value::Null)),
        ("the least integer", &|value| *value == Value::Integer(i64::MIN)),
        ("the greatest integer", &|value| *value == Value::Integer(i64::MAX)),
        ("an integer that no double is", &|value| *value == Value::Integer((1 << 53) + 1)),
        ("zero below zero", &|value| matches!(value, Value::Real(real) if real.to_bits() == (-0.0_f64).to_bits())),
        ("an infinity", &|value| *value == Value::Real(f64::INFINITY)),
        ("the other infinity", &|value| *value == Value::Real(f64::NEG_INFINITY)),
        ("the least real", &|value| *value == Value::Real(5e-324)),
        ("text that is not UTF-8", &|value| is_text(value, &|text| std::str::from_utf8(text).is_err())),
        ("text with a NUL within", &|value| is_text(value, &|text| text == b"a\0b")),
        ("text that is a number", &|value| is_text(value, &|text| text == b"9223372036854775808")),
        ("no text", &|value| is_text(value, &<[u8]>::is_empty)),
        ("no bytes", &|value| matches!(value, Value::Blob(bytes) if bytes.is_empty())),
    ];
    for (what, is) in lost {
        assert!(tried.iter().any(is), "{what}");
    }
}

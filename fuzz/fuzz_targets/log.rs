#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gantry_installer::fuzzing::enter("log", bytes));

#![no_main]

libfuzzer_sys::fuzz_target!(init: rhymedb_fuzz::allow_caught_panics(), |data: &[u8]| {
    rhymedb_fuzz::check(rhymedb::fuzz::tower, data);
});

#[test]
fn scratch_spread() {}

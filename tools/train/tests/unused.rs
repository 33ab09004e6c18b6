//! Keys that would have no effect.

use rhyme_train::config::Config;

const PAIRS: &str =
    "mode = \"market\"\n[backbone]\nkind = \"cnn\"\n[text]\n[objective]\nkind = \"siglip\"\n";
const BY_HEART: &str =
    "mode = \"overfit\"\n[backbone]\nkind = \"cnn\"\n[text]\n[objective]\nkind = \"siglip\"\n";
const CHARTS: &str = "mode = \"market\"\n[backbone]\nkind = \"cnn\"\n[objective]\nkind = \"siglip\"\n[[augment]]\nkind = \"jitter\"\n";

/// What stands before, what is added, the key that is refused and a word of the reason.
const REFUSED: [[&str; 4]; 13] = [
    [
        PAIRS,
        "[[data]]\nkind = \"synthetic\"\n[split]\nhold_out = 3",
        "[split]",
        "synthetic",
    ],
    [
        PAIRS,
        "[[data]]\nkind = \"database\"\nsplit = { hold_out = 2 }\n[split]\nhold_out = 3",
        "[split]",
        "their own",
    ],
    [
        PAIRS,
        "[[data]]\nkind = \"captions\"\n[split]\nvalidation_from = \"2019-01-01\"\ntest_from = \"2020-01-01\"",
        "split.test_from",
        "captions",
    ],
    [
        PAIRS,
        "[[data]]\nkind = \"captions\"\nsplit = { embargo = 3 }",
        "split.embargo",
        "captions",
    ],
    [
        PAIRS,
        "[[data]]\nkind = \"database\"\n[split]\nembargo = 3",
        "split.embargo",
        "validation_from",
    ],
    [
        PAIRS,
        "[[data]]\nkind = \"synthetic\"\n[[data]]\nkind = \"database\"\nhop = 3",
        "hop in the 2. [[data]]",
        "[text]",
    ],
    [
        PAIRS,
        "[[data]]\nkind = \"synthetic\"\nmarket = \"crypto\"\nequity_days = 300",
        "equity_days",
        "crypto",
    ],
    [
        PAIRS,
        "[[data]]\nkind = \"synthetic\"\nmarket = \"equity\"\ncrypto_bars = 300",
        "crypto_bars",
        "equity",
    ],
    [
        CHARTS,
        "[[data]]\nkind = \"database\"\nreaction = 3",
        "reaction",
        "[text]",
    ],
    [
        CHARTS,
        "[[data]]\nkind = \"synthetic\"\nphrases = 0.5",
        "phrases",
        "[text]",
    ],
    [
        CHARTS,
        "[[data]]\nkind = \"synthetic\"\n[training]\ntable_rate = 0.1",
        "table_rate",
        "[text]",
    ],
    [
        BY_HEART,
        "[[data]]\nkind = \"synthetic\"\n[training]\nepochs = 4",
        "epochs",
        "overfit",
    ],
    [
        BY_HEART,
        "[[data]]\nkind = \"database\"\nwander = 1",
        "wander",
        "overfit",
    ],
];

/// What stands before, and what is added and has an effect.
const TAKEN: [[&str; 2]; 3] = [
    [
        PAIRS,
        "[[data]]\nkind = \"database\"\nreaction = 2\nwander = 1\n[[data]]\nkind = \"synthetic\"\n[split]\nvalidation_from = \"2020-01-01\"\nembargo = 3",
    ],
    [
        PAIRS,
        "[[data]]\nkind = \"synthetic\"\nphrases = 0.5\nmarket = \"equity\"\nequity_days = 300\n[data.split]\nvalidation_from = \"2020-01-01\"",
    ],
    [CHARTS, "[[data]]\nkind = \"synthetic\"\nhop = 4"],
];

fn said(text: &str) -> String {
    Config::parse(text)
        .err()
        .map_or_else(String::new, |e| e.to_string())
}

#[test]
fn keys_without_an_effect_are_refused_and_named() {
    for [head, rest, key, why] in REFUSED {
        let found = said(&format!("{head}{rest}\n"));
        assert!(
            found.contains(key) && found.contains(why),
            "{rest}: {found}"
        );
    }
    for [head, rest] in TAKEN {
        assert_eq!(said(&format!("{head}{rest}\n")), "");
    }
}

#[test]
fn a_network_of_fixed_sizes_takes_none() {
    let text = CHARTS.replace("\"cnn\"", "\"cnn\"\nwindow = 64");
    let found = said(&format!("{text}[[data]]\nkind = \"synthetic\"\n"));
    assert!(found.contains("unknown field `window`"), "{found}");
}

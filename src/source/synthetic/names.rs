//! Invented instruments. None is meant to be a real ticker, coin or company;
//! a likeness is chance.

/// The sectors of the equity market; an instrument's sector is its index modulo their number.
pub(super) const SECTORS: [&str; 3] = ["technology", "energy", "health care"];

/// One traded thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Instrument {
    /// As in its series: `NOVAUSDT`, `ACME`.
    pub(super) symbol: String,
    /// As a headline may abbreviate it: `NOVA`, `ACME`.
    pub(super) ticker: String,
    /// As a headline calls it: `Nova`, `Acme Robotics`.
    pub(super) name: String,
}

const COINS: [(&str, &str); 24] = [
    ("NOVA", "Nova"),
    ("ORB", "Orb"),
    ("QUILX", "Quillex"),
    ("ZYPH", "Zyph"),
    ("BRAMB", "Bramble"),
    ("VELTH", "Velthium"),
    ("DRAKO", "Drakoin"),
    ("MURMR", "Murmur"),
    ("FJORN", "Fjorn"),
    ("TALLO", "Tallow"),
    ("WISPR", "Wispr"),
    ("GLIMM", "Glimmer Network"),
    ("OXBOW", "Oxbow Coin"),
    ("PLYNT", "Plynth"),
    ("RUNYX", "Runyx"),
    ("SOLTH", "Solthea"),
    ("UMBRI", "Umbrium"),
    ("HEXOL", "Hexol"),
    ("JOLTA", "Jolta"),
    ("YARRO", "Yarrow Protocol"),
    ("EMBRI", "Embrio"),
    ("CINDR", "Cinder Chain"),
    ("NIMBL", "Nimbel"),
    ("KESTL", "Kestrol Finance"),
];

/// Every third one is of the same sector.
const COMPANIES: [(&str, &str); 60] = [
    ("ACME", "Acme Robotics"),
    ("GLOBEX", "Globex Oil"),
    ("NORVK", "Norvik Pharma"),
    ("TESSL", "Tesselar Software"),
    ("BRISK", "Briskwater Power"),
    ("MEDOR", "Medoria"),
    ("QUBRA", "Qubra Systems"),
    ("DRILX", "Drillex"),
    ("HEALX", "Healix Labs"),
    ("ZENTR", "Zentrum Cloud"),
    ("PETRA", "Petrava"),
    ("CURIO", "Curionix"),
    ("PXORN", "Pixelorn"),
    ("SLRRA", "Solarra"),
    ("GENTU", "Gentura Bio"),
    ("LOGIQ", "Logiquo"),
    ("WINDA", "Windara"),
    ("VITLN", "Vitalune"),
    ("HYLOD", "Hyperlode Data"),
    ("FRAKR", "Frackerly"),
    ("DOCTA", "Doctara"),
    ("KRYPT", "Kryptel Security"),
    ("GASCO", "Gascovia"),
    ("SRMAX", "Serumax"),
    ("NEUVA", "Neuvana Chips"),
    ("COALT", "Coaltane"),
    ("BIOPH", "Biophoria"),
    ("OPTIX", "Optixon"),
    ("HYDRV", "Hydrovale"),
    ("CLINQ", "Clinora Nord"),
    ("BYTEL", "Bytelane"),
    ("TURBN", "Turbinetta"),
    ("IMNVA", "Immunorva"),
    ("STAKK", "Stackwright"),
    ("VLTRG", "Voltara Grid"),
    ("PROTN", "Protenza"),
    ("MODUX", "Moduxo"),
    ("ATOMQ", "Atomique"),
    ("CARDX", "Cardexa"),
    ("SYNTH", "Synthora"),
    ("BARRL", "Barrelhouse Energy"),
    ("NURSA", "Nursalia"),
    ("ROBIQ", "Robiqon"),
    ("PIPEX", "Pipexo"),
    ("DENTO", "Dentova"),
    ("SENSR", "Sensoria Works"),
    ("THERM", "Thermalux"),
    ("OPTHA", "Ophthalia"),
    ("CDXIO", "Codexion"),
    ("REFNR", "Refinera"),
    ("PULMO", "Pulmora"),
    ("LASRX", "Laserix"),
    ("KRSNA", "Kerosina"),
    ("ONCOL", "Oncolane"),
    ("DRONZ", "Dronezia"),
    ("URANA", "Uranella"),
    ("RADXA", "Radixa Imaging"),
    ("NETRA", "Netrava"),
    ("TIDLG", "Tidalgen"),
    ("SUTUR", "Suturion"),
];

/// The first `count` coins, against `USDT`.
pub(super) fn crypto(count: usize) -> Vec<Instrument> {
    named(&COINS, count, "USDT")
}

/// The first `count` companies.
pub(super) fn equity(count: usize) -> Vec<Instrument> {
    named(&COMPANIES, count, "")
}

/// Past the end of the list the names start again with a number: `NOVA2USDT`, `Nova 2`.
fn named(list: &[(&str, &str)], count: usize, quote: &str) -> Vec<Instrument> {
    let round = |index: usize| match index / list.len() {
        0 => String::new(),
        n => (n + 1).to_string(),
    };
    list.iter()
        .cycle()
        .take(count)
        .enumerate()
        .map(|(index, (ticker, name))| {
            let round = round(index);
            let space = if round.is_empty() { "" } else { " " };
            Instrument {
                symbol: format!("{ticker}{round}{quote}"),
                ticker: format!("{ticker}{round}"),
                name: format!("{name}{space}{round}"),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn symbols_and_names_are_unique() {
        for list in [crypto(100), equity(200)] {
            let symbols: HashSet<_> = list.iter().map(|i| &i.symbol).collect();
            let names: HashSet<_> = list.iter().map(|i| &i.name).collect();
            assert_eq!((symbols.len(), names.len()), (list.len(), list.len()));
        }
    }
}

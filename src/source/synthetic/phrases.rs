//! Templates of headlines. `{a|b}` is one of several words, `{name}`, `{ticker}`, `{sector}`,
//! `{pct}` (a per cent), `{small}` (a whole number), `{basis}` (basis points), `{person}` and
//! `{quarter}` are filled in. In each list every fourth template is held out for tests of what was
//! learned from the others.

use super::event::EventKind;

/// The templates of one kind of event.
pub(super) fn of_event(kind: EventKind) -> &'static [&'static str] {
    match kind {
        EventKind::Pump => &PUMP,
        EventKind::Crash => &CRASH,
        EventKind::ShortSqueeze => &SHORT_SQUEEZE,
        EventKind::Rally => &RALLY,
        EventKind::Dump => &DUMP,
        EventKind::EarningsBeat => &EARNINGS_BEAT,
        EventKind::RateHike => &RATE_HIKE,
        EventKind::SectorRally => &SECTOR_RALLY,
        EventKind::CeoScandal => &CEO_SCANDAL,
    }
}

const PUMP: [&str; 12] = [
    "{name} {spikes|jumps|shoots up} {pct}% within minutes as {chat groups|social media} pile in",
    "Sudden {pump|price spike} in {ticker} draws {day traders|speculators}",
    "{ticker} {soars|rockets} on {rumours of a listing|an unconfirmed listing rumour}",
    "Coordinated buying sends {name} vertical; onlookers warn of a fast fade",
    "Influencers push {ticker}, price {up|higher by} {pct}% in an hour",
    "{name} goes parabolic after {a viral post|a celebrity mention}",
    "Unusual {buying frenzy|rush of market orders} lifts {ticker} {pct}%",
    "Hype wave hits {name}: thin order book gives way on the upside",
    "Traders chase {name} as {green candles stack up|momentum bots switch on}",
    "{ticker} {explodes higher|pumps hard}, volume {small} times the average",
    "Telegram groups call {ticker} to the moon, price leaps {pct}%",
    "Out of nowhere {ticker} takes off, organisers of the pump suspected",
];

const CRASH: [&str; 12] = [
    "{name} {crashes|collapses|plunges} {pct}% as {liquidations cascade|leverage unwinds}",
    "{ticker} in free fall: {small} million in longs wiped out",
    "Flash crash {hits|strikes} {ticker} amid {panic selling|a rush for the exits}",
    "Market makers pull quotes and {name} drops like a stone",
    "Exploit {reported|confirmed} at {name} bridge, token {tanks|nosedives}",
    "{name} {loses|sheds} {pct}% in a bloodbath for leveraged longs",
    "Panic {grips|sweeps} {ticker} holders after {exchange halts withdrawals|a hack}",
    "Margin calls snowball, {ticker} bids vanish",
    "{ticker} suffers {worst hour of the year|its steepest hourly fall}",
    "Sell orders {flood|swamp} {name} after a {depeg scare|security breach}",
    "Forced selling {hammers|crushes} {name}, price down {pct}%",
    "Capitulation in {name}: holders dump at any price after an outage",
];

const SHORT_SQUEEZE: [&str; 12] = [
    "{ticker} shorts {pile up|crowd in} as funding turns deeply negative",
    "Short interest in {name} {hits a record|reaches an extreme}",
    "Bears {double down|lean hard} on {ticker} while open interest climbs",
    "Everyone is on the same side of {name}: borrow runs out",
    "{name} {short sellers|bears} at risk of a squeeze, desks warn",
    "Funding rate of {ticker} perpetuals sinks to minus {small} basis points",
    "Crowded short in {ticker} sets the stage for {a squeeze|forced buying}",
    "Pessimists overextended in {ticker}, cost of borrowing explodes",
    "{name} drifts lower as {short positions build|leveraged bears add}",
    "Record {bets against|short exposure to} {name}, {pct}% of supply lent out",
    "Negative funding in {ticker} {persists|deepens}; squeeze talk grows",
    "Coiled spring: {name} sellers are trapped if it turns",
];

const RALLY: [&str; 12] = [
    "{name} {climbs|grinds higher} as {institutional|steady} demand builds",
    "{ticker} {extends gains|keeps rising} on {network growth|rising adoption}",
    "Inflows {support|lift} {name} for {small} days in a row",
    "Buyers stay in control of {ticker}, dips get absorbed",
    "{name} upgrade {goes live|ships}, token {trends up|advances}",
    "Accumulation by {large wallets|long-term holders} carries {ticker} higher",
    "{ticker} {breaks out|clears resistance} and {builds on it|holds above}",
    "Quiet optimism: {name} marches up on new partnership",
    "Fund {adds|allocates to} {name}; analysts see {more upside|a durable uptrend}",
    "{ticker} in a steady uptrend as {staking|on-chain activity} grows",
    "Confidence returns to {name}, price {up|adds} {pct}% in orderly trade",
    "Patient bids lift {ticker} step after step on strong fundamentals",
];

const DUMP: [&str; 12] = [
    "{ticker} {slides|falls} as {early investors|insiders} sell in tranches",
    "Token unlock {weighs on|pressures} {name}",
    "Whale {moves|sends} {small} million {ticker} to exchanges",
    "Supply keeps hitting {name}: treasury distributes coins",
    "{name} foundation {sells|offloads} part of its reserve",
    "Wave after wave of selling {drags down|sinks} {ticker}",
    "{ticker} {steps lower|leaks lower} on {vesting|unlock} sales, off {pct}%",
    "Dormant wallet wakes up, cashes out of {ticker}",
    "Large holder {unloads|dumps} {name} in several blocks",
    "Venture funds {exit|cut} {name} position after lock-up ends",
    "{name} under {persistent|repeated} selling from {miners|validators}",
    "Stair-step decline in {name} as the team liquidates holdings",
];

const EARNINGS_BEAT: [&str; 12] = [
    "{name} {beats|tops} {quarter} profit estimates, {raises|lifts} outlook",
    "{name} {earnings|results} {exceed|surpass} expectations by {pct}%",
    "Strong {quarter} numbers at {name}: revenue {jumps|grows} {pct}%",
    "{name} delivers blowout numbers, guidance goes up",
    "{ticker} posts {record|best ever} {quarterly profit|quarterly sales}",
    "{name} surprises {analysts|Wall Street} with {higher margins|surging orders}",
    "{name} {reports|books} better than expected {quarter} results",
    "Quarterly report of {name} crushes consensus, buyback enlarged",
    "Earnings {beat|surprise} at {name} as demand {accelerates|strengthens}",
    "{name} {hikes|boosts} full-year forecast after a strong {quarter} report",
    "Profit at {name} {rises|up} {pct}%, ahead of all forecasts",
    "{ticker} outperforms in its {quarter} report: per-share income well above the Street",
];

const RATE_HIKE: [&str; 12] = [
    "Fed {raises|lifts|hikes} rates by {basis} basis points",
    "Central bank {surprises|shocks} markets with a {basis}-point hike",
    "Federal Reserve {tightens|tightens policy} again, signals {more to come|higher for longer}",
    "Policymakers push borrowing costs up by {basis} basis points to fight inflation",
    "FOMC votes for {a rate increase|higher rates}, stocks {brace|wobble}",
    "Fed chair {vows|promises} to curb inflation as rates go up {basis} basis points",
    "Interest rates {rise|go higher} after {hot inflation data|a hawkish Fed meeting}",
    "Hawkish turn: benchmark rate climbs, equities under pressure",
    "Rate {hike|increase} of {basis} basis points {jolts|rattles} investors",
    "Fed {delivers|announces} unexpected tightening",
    "Hawkish Fed {raises its target|moves the funds rate up} by {basis} basis points",
    "Money gets dearer: the central bank steps on the brake",
];

const SECTOR_RALLY: [&str; 12] = [
    "{sector} stocks {climb|advance} together on {policy support|new subsidies}",
    "Investors {rotate into|pour money into} {sector} shares",
    "Broad {rally|advance} in the {sector} sector as outlook {brightens|improves}",
    "Fund managers go overweight {sector}, whole group gains",
    "{sector} sector {leads|outperforms} the market",
    "Analysts {upgrade|turn bullish on} {sector}, names rise across the board",
    "Government plan {boosts|lifts} {sector} companies",
    "Tide raises all boats in {sector}: inflows set a record",
    "{sector} {index|basket} on the rise after {strong demand data|favourable ruling}",
    "Optimism about {sector} {spreads|grows}, ETFs see {small} weeks of inflows",
    "{sector} shares {extend|continue} a steady run, up {pct}%",
    "Capital flows to {sector} groups as new rules favour them all",
];

const CEO_SCANDAL: [&str; 12] = [
    "{name} CEO {person} {resigns|steps down} amid {fraud probe|accounting scandal}",
    "{name} chief {person} {accused of|investigated for} {fraud|misconduct}",
    "Board of {name} {fires|ousts} {person} over {falsified accounts|misconduct claims}",
    "Whistleblower alleges {name} boss cooked the books",
    "Shares of {name} {sink|fall} as CEO {person} is {charged|arrested}",
    "{name} executive scandal {widens|deepens}: {person} under investigation",
    "Regulator {opens inquiry into|raids offices of} {name} over CEO dealings",
    "Disgrace at the top of {name}: {person} leaves in handcuffs",
    "{person} {quits|out} as {name} head after {insider trading|bribery} allegations",
    "{name} {admits|discloses} irregularities, chief executive {suspended|dismissed}",
    "CEO of {name} {misled|lied to} investors, {filing|report} says",
    "Prosecutors seek {person} of {ticker}; directors knew of the affair",
];

/// Headlines about one symbol that mean nothing.
pub(super) const FILLER: [&str; 16] = [
    "Quiet trading in {name}, {little news|no catalysts} today",
    "{name} {announces|schedules} a {developer|customer} conference",
    "{name} to {present at|attend} an industry event next month",
    "{ticker} little changed as traders wait",
    "{name} appoints {a new head of communications|an adviser}",
    "{ticker} {trades sideways|drifts} in {thin|light} volume",
    "{name} {publishes|releases} its sustainability report",
    "Nothing new from {name}, says spokesperson",
    "{name} {opens|moves to} a new office",
    "Five things to know about {name}",
    "{name} {sponsors|supports} a university programme",
    "{ticker} unmoved while market digests old news",
    "Interview: {person} on {the history|the culture} of {name}",
    "{name} {refreshes|updates} its website and logo",
    "Analyst {keeps|reiterates} neutral view on {ticker}",
    "Calendar: {name} meeting moved to another date",
];

//! A slow and simple account, beside that of a replay.

use super::*;

/// The account once more, as simply as it can be said: positions from open to open, no stops.
fn slow_account(
    bars: &Bars,
    signals: &[(usize, f64)],
    hold: usize,
    (fee, slip): (f64, f64),
) -> Vec<f64> {
    let (mut cash, mut units, mut age, mut held) = (1.0, 0.0, 0, 0.0_f64);
    let mut equity = Vec::new();
    let mut todo: Option<f64> = None;
    for i in 0..bars.len() {
        if let Some(want) = todo.take() {
            let open = bars.open[i];
            let out = open * (1.0 - f64::signum(units) * slip);
            cash += units * out - units.abs() * out * fee;
            units = 0.0;
            if want != 0.0 {
                let price = open * (1.0 + want.signum() * slip);
                units = want * cash / price;
                cash -= units * price + units.abs() * price * fee;
            }
            (held, age) = (want, 0);
        }
        if i + 1 == bars.len() && units != 0.0 {
            let out = bars.close[i] * (1.0 - units.signum() * slip);
            cash += units * out - units.abs() * out * fee;
            units = 0.0;
        }
        equity.push(cash + units * bars.close[i]);
        let want = signals.iter().find(|(at, _)| *at == i).map(|(_, w)| *w);
        match want {
            Some(w) if held == 0.0 || w * held < 0.0 => todo = Some(w),
            _ if held != 0.0 => {
                age += 1;
                if age >= hold {
                    match want {
                        Some(_) => age = 0,
                        None => todo = Some(0.0),
                    }
                }
            }
            _ => {}
        }
    }
    equity
}

#[test]
fn an_account_is_that_of_a_slow_one() {
    let (_dir, db, bars, _) = world();
    let own = bars_of(&bars);
    let rule = &rules()[0];
    let answer = replay(&db, rule, (300, 640), own);
    let part = own.slice(300..641);
    assert_eq!(answer.equity.len(), part.len());
    let close = |t: &i64| t + 3_600_000;
    let of = |s: &rhymedb::decide::ReplaySignal| {
        let i = part
            .time
            .iter()
            .position(|t| close(t) == s.at.millis())
            .unwrap();
        (i, s.position)
    };
    let signals: Vec<(usize, f64)> = answer.signals.iter().map(of).collect();
    let slow = slow_account(&part, &signals, 6, (0.001, 0.0005));
    for (point, slow) in answer.equity.iter().zip(slow) {
        assert!(
            (point.equity - slow).abs() < 1e-9,
            "{}: {} and {slow}",
            point.at,
            point.equity
        );
    }
    let last = answer.equity.last().unwrap().equity;
    assert!((answer.performance.total_return - (last - 1.0)).abs() < 1e-12);
    let product: f64 = answer.trades.iter().map(|t| 1.0 + t.result).product();
    assert!(
        (product - last).abs() < 1e-9,
        "trades add up to the account"
    );
    assert!(
        answer
            .trades
            .iter()
            .all(|t| t.entered < t.exited || t.why == ExitReason::Stop || t.why == ExitReason::End)
    );
    let random = answer.random.unwrap();
    assert!(random.draws == 20 && random.p > 0.0 && random.p <= 1.0);
    assert_eq!(answer.deflated.unwrap().trials, 1);
}

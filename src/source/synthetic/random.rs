//! Random numbers that are the same on every platform: ChaCha bits, and only additions,
//! multiplications, divisions and square roots after them. The system's `exp` and `ln` may differ
//! in the last bit from one libm to the next, so this file has its own.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::market_kind::MarketKind;

/// What a stream of random numbers is for. Each purpose and index has a stream of its own, so
/// more symbols or other words change nothing elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The factor that moves all markets.
    GlobalFactor = 1,
    /// The factor of one market; the index is the market.
    MarketFactor = 2,
    /// Events that hit a whole market; the index is the market.
    MarketEvents = 3,
    /// Events that hit one sector of a market.
    SectorEvents = 4,
    /// The prices of one symbol.
    Prices = 5,
    /// The events of one symbol.
    Events = 6,
    /// The headlines of one symbol that mean nothing.
    Filler = 7,
    /// The time and the words of one headline; the index is drawn with the event.
    Words = 8,
}

/// One stream of random numbers.
pub(super) struct Stream {
    rng: ChaCha8Rng,
    /// The second normal of the last pair.
    spare: Option<f64>,
}

impl Stream {
    /// The stream of a purpose in one market; `index`, below 2^48, tells symbols, sectors or
    /// headlines apart.
    pub(super) fn new(seed: u64, purpose: Purpose, market: MarketKind, index: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let index = index & ((1 << 48) - 1);
        rng.set_stream((purpose as u64) << 56 | (market as u64) << 48 | index);
        Self { rng, spare: None }
    }

    /// Uniform in `[0, 1)`.
    pub(super) fn unit(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A random index for [`Stream::new`].
    pub(super) fn index(&mut self) -> u64 {
        self.rng.next_u64() >> 16
    }

    /// Uniform in `[low, high)`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform in `0..n`; 0 if `n` is 0.
    pub(super) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.rng.next_u64()) * n as u128) >> 64) as usize
    }

    /// Uniform in `low..=high`.
    pub(super) fn whole(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// Exponential with mean 1.
    pub(super) fn exponential(&mut self) -> f64 {
        -ln(1.0 - self.unit())
    }

    /// Standard normal, by Marsaglia's polar method.
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(z) = self.spare.take() {
            return z;
        }
        loop {
            let (x, y) = (self.between(-1.0, 1.0), self.between(-1.0, 1.0));
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let scale = (-2.0 * ln(square) / square).sqrt();
                self.spare = Some(y * scale);
                return x * scale;
            }
        }
    }

    /// Variance 1 with fat tails: one normal in 25 is three times as wide as the others. Its
    /// kurtosis is 7.2, where a normal has 3.
    pub(super) fn fat_tailed(&mut self) -> f64 {
        const SHARE: f64 = 0.04;
        const WIDTH: f64 = 3.0;
        // 1 / sqrt(1 - SHARE + SHARE * WIDTH^2)
        const NORM: f64 = 0.870_388_279_778_489_2;
        let width = if self.unit() < SHARE { WIDTH } else { 1.0 };
        self.normal() * width * NORM
    }
}

const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// The natural logarithm of a positive, normal number.
pub(super) fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut exponent = ((bits >> 52) as i64 - 1023) as f64;
    let mut mantissa = f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52);
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa *= 0.5;
        exponent += 1.0;
    }
    // ln m = 2 atanh((m - 1) / (m + 1)), and the argument is at most 0.172.
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let square = t * t;
    let mut sum = 0.0;
    for odd in (1..=21).rev().step_by(2) {
        sum = sum * square + 1.0 / f64::from(odd);
    }
    exponent * LN_2_HIGH + (2.0 * t * sum + exponent * LN_2_LOW)
}

/// The exponential function, for arguments of -700 to 700 (others are clamped).
pub(super) fn exp(x: f64) -> f64 {
    let x = x.clamp(-700.0, 700.0);
    let power = (x * std::f64::consts::LOG2_E).round();
    let rest = (x - power * LN_2_HIGH) - power * LN_2_LOW;
    let mut sum = 1.0;
    for n in (1..=14).rev() {
        sum = 1.0 + sum * (rest * (1.0 / f64::from(n)));
    }
    sum * f64::from_bits(((power as i64 + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_and_ln_agree_with_the_standard_library() {
        for i in -2000..=2000 {
            let x = f64::from(i) * 0.171;
            assert!(
                (exp(x) / x.exp() - 1.0).abs() < 1e-14,
                "exp({x}) = {}",
                exp(x)
            );
            let y = x.exp();
            assert!((ln(y) - y.ln()).abs() < 1e-13, "ln({y}) = {}", ln(y));
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(ln(1.0), 0.0);
    }

    #[test]
    fn draws_have_the_moments_they_claim() {
        let mut stream = Stream::new(3, Purpose::Prices, MarketKind::Crypto, 0);
        let n = 200_000;
        let moments = |draw: &mut dyn FnMut() -> f64| {
            let (mut first, mut second, mut fourth) = (0.0, 0.0, 0.0);
            for _ in 0..n {
                let z = draw();
                first += z;
                second += z * z;
                fourth += z * z * z * z;
            }
            let n = f64::from(n);
            (first / n, second / n, fourth / n)
        };
        let (mean, variance, fourth) = moments(&mut || stream.normal());
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02 && (fourth - 3.0).abs() < 0.1);
        let (mean, variance, fourth) = moments(&mut || stream.fat_tailed());
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.03 && (fourth - 7.2).abs() < 0.8);
        let (mean, second, _) = moments(&mut || stream.exponential());
        assert!((mean - 1.0).abs() < 0.02 && (second - 2.0).abs() < 0.1);
    }

    #[test]
    fn streams_of_one_seed_differ() {
        let first = |purpose, market, index| Stream::new(7, purpose, market, index).unit();
        let base = first(Purpose::Prices, MarketKind::Crypto, 0);
        assert_eq!(base, first(Purpose::Prices, MarketKind::Crypto, 0));
        assert_ne!(base, first(Purpose::Prices, MarketKind::Crypto, 1));
        assert_ne!(base, first(Purpose::Prices, MarketKind::Equity, 0));
        assert_ne!(base, first(Purpose::Events, MarketKind::Crypto, 0));
    }

    /// The first draws of seed 42, so that another version of a crate below, or another platform,
    /// cannot change every demo unseen.
    #[test]
    fn the_bits_are_pinned() {
        let mut stream = Stream::new(42, Purpose::Prices, MarketKind::Crypto, 0);
        let bits = [
            stream.unit().to_bits(),
            stream.normal().to_bits(),
            stream.fat_tailed().to_bits(),
            stream.exponential().to_bits(),
        ];
        assert_eq!(
            bits,
            [
                4602273873354654918,
                13832375130140972057,
                4603186194984651144,
                4604242050699051302
            ]
        );
    }
}

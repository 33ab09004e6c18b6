//! Random numbers that depend on what they are for and on nothing that happened before.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The random numbers of a seed for one purpose and one step: so a run that was interrupted goes
/// on with the numbers that it would have had, and threads share none.
pub fn seeded(seed: u64, purpose: u32, step: u64) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed.wrapping_add(u64::from(purpose) << 48));
    random.set_stream(step);
    random
}

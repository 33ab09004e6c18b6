//! Which instructions this CPU has.

use std::sync::OnceLock;

use super::kernel::{Kernel, SCALAR};

impl Kernel {
    /// The fastest kernel that this CPU can run.
    pub fn best() -> &'static Kernel {
        static BEST: OnceLock<&'static Kernel> = OnceLock::new();
        BEST.get_or_init(|| Self::all().into_iter().next().unwrap_or(&SCALAR))
    }

    /// Every kernel that this CPU can run, the fastest first, the scalar one last.
    pub fn all() -> Vec<&'static Kernel> {
        let mut kernels = Vec::new();
        #[cfg(target_arch = "x86_64")]
        kernels.extend(super::kernel_x86::detected());
        #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
        kernels.push(&super::kernel_neon::NEON);
        kernels.push(&SCALAR);
        kernels
    }
}

/// Asks the memory for `count` values from `at` on, which are needed soon. A hint: whatever lies
/// beyond the slice is harmless.
#[inline(always)]
pub(super) fn prefetch<T>(values: &[T], at: usize, count: usize) {
    #[cfg(target_arch = "x86_64")]
    super::kernel_x86::prefetch(values, at, count);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (values, at, count);
}

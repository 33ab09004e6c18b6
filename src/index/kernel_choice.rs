//! Which instructions this CPU has, and which of them are used.

use std::ffi::OsStr;
use std::sync::OnceLock;

use super::kernel::{Kernel, SCALAR};
use crate::error::{Error, Result};

/// Names the kernel to use instead of the fastest. It is for tests alone, and for benchmarks that
/// compare kernels on one machine: answers are the same with each, so nobody gains by setting it.
const VARIABLE: &str = "RHYME_KERNEL";

/// A kernel, or why there is none.
type Choice = std::result::Result<&'static Kernel, String>;

impl Kernel {
    /// The kernel that everything uses: the fastest that this CPU can run, or the one that
    /// `RHYME_KERNEL` named when it was first asked for.
    pub fn best() -> &'static Kernel {
        #[cfg(test)]
        if let Some(kernel) = tests::forced() {
            return kernel;
        }
        // A wrong name is refused by `check_choice` before there are rows to work on.
        chosen().as_ref().map_or(&SCALAR, |&kernel| kernel)
    }

    /// Fails if `RHYME_KERNEL` names no kernel of this CPU. Whoever makes rows asks, so that the
    /// variable is never ignored.
    pub(super) fn check_choice() -> Result<()> {
        match chosen() {
            Ok(_) => Ok(()),
            Err(refusal) => Err(Error::invalid(refusal.clone())),
        }
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

fn chosen() -> &'static Choice {
    static CHOSEN: OnceLock<Choice> = OnceLock::new();
    CHOSEN.get_or_init(|| choose(std::env::var_os(VARIABLE).as_deref()))
}

/// The fastest kernel, or the one that is wanted.
fn choose(wanted: Option<&OsStr>) -> Choice {
    let all = Kernel::all();
    let fits = |kernel: &&Kernel| wanted.is_none_or(|wanted| wanted == kernel.name());
    all.iter().copied().find(fits).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|kernel| kernel.name()).collect();
        format!(
            "{VARIABLE}: expected a kernel that this processor can run ({}), found {:?}; unset it to use the fastest",
            names.join(", "),
            wanted.unwrap_or_default()
        )
    })
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

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use std::cell::Cell;

    use super::*;

    thread_local! {
        static FORCED: Cell<Option<&'static Kernel>> = const { Cell::new(None) };
    }

    pub(super) fn forced() -> Option<&'static Kernel> {
        FORCED.get()
    }

    /// Runs `work` on one thread that uses this kernel.
    pub(in super::super) fn with_kernel<T: Send>(
        kernel: &'static Kernel,
        work: impl FnOnce() -> T + Send,
    ) -> T {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .start_handler(move |_| FORCED.set(Some(kernel)));
        pool.build().unwrap().install(|| {
            assert_eq!(Kernel::best().name(), kernel.name());
            work()
        })
    }

    #[test]
    fn the_fastest_kernel_is_chosen_or_the_one_that_is_named() {
        let all = Kernel::all();
        assert_eq!(choose(None).unwrap().name(), all[0].name());
        for kernel in &all {
            let found = choose(Some(OsStr::new(kernel.name()))).unwrap();
            assert_eq!(found.name(), kernel.name());
        }
        assert_eq!(all.last().unwrap().name(), "scalar");
    }

    #[test]
    fn a_kernel_that_the_processor_lacks_is_refused_by_name() {
        let known = ["avx512vnni", "avxvnni", "avx2", "neon", "scalar"];
        let all: Vec<&str> = Kernel::all().iter().map(|kernel| kernel.name()).collect();
        assert!(all.iter().all(|name| known.contains(name)), "{all:?}");
        let lacks = known.into_iter().filter(|name| !all.contains(name));
        for wanted in lacks.chain(["", "AVX2", "avx9", "scalar "]) {
            let refusal = choose(Some(OsStr::new(wanted))).unwrap_err();
            let quoted = format!("found {wanted:?}");
            assert!(
                refusal.contains(&quoted) && refusal.contains("scalar)"),
                "{refusal}"
            );
        }
    }

    /// The variable is read once in a process, so this asks other processes. What all kernels answer
    /// is compared in one: `every_kernel_builds_the_same_graph_and_finds_the_same_rows`.
    #[test]
    fn rows_are_made_only_with_a_kernel_that_there_is() {
        let run = |name: &str| {
            let output = std::process::Command::new(std::env::current_exe().unwrap())
                .args(["index::rows::tests::", "index::rowset::tests::"])
                .env(VARIABLE, name)
                .output()
                .unwrap();
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said).into_owned();
            (output.status.success(), said)
        };
        for kernel in Kernel::all() {
            let (passed, said) = run(kernel.name());
            assert!(passed && !said.contains(" 0 passed"), "{said}");
        }
        let (passed, said) = run("avx9");
        assert!(!passed);
        assert!(said.contains("RHYME_KERNEL: expected a kernel"), "{said}");
    }
}

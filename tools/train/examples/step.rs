//! How long one forward and backward pass of the convolutions takes: as products of matrices over
//! all steps, and with burn's own convolution.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a measurement"
)]

use burn_tensor::{Device, Distribution, Tensor, activation::gelu, module::conv1d};
use std::time::Instant;

fn taps(x: Tensor<3>, w: Tensor<2>, k: usize, d: usize) -> Tensor<3> {
    let [b, t, _c] = x.dims();
    let o = w.dims()[1];
    let n = t - (k - 1) * d;
    let cols: Vec<_> = (0..k).map(|i| x.clone().narrow(1, i * d, n)).collect();
    let cols = Tensor::cat(cols, 2);
    let kc = cols.dims()[2];
    cols.reshape([b * n, kc]).matmul(w).reshape([b, n, o])
}
fn main() {
    let dev = Device::flex().autodiff();
    for b in [512, 32] {
        for round in 0..3 {
            let x = Tensor::<3>::random([b, 64, 9], Distribution::Default, &dev);
            let mut ws =
                vec![Tensor::<2>::random([27, 48], Distribution::Default, &dev).require_grad()];
            for _ in 0..4 {
                ws.push(
                    Tensor::<2>::random([144, 48], Distribution::Default, &dev)
                        .mul_scalar(0.1)
                        .require_grad(),
                );
            }
            for kind in ["linear", "erf", "gelu"] {
                let act = |h: Tensor<3>| match kind {
                    "linear" => h,
                    "erf" => h.clone() * ((h * 0.70710677).erf() + 1.0) * 0.5,
                    _ => gelu(h),
                };
                let t0 = Instant::now();
                let mut h = x.clone();
                for (i, w) in ws.iter().enumerate() {
                    h = act(taps(h, w.clone(), 3, [1, 1, 2, 4, 8][i]));
                }
                let loss = h.sum();
                let t1 = t0.elapsed();
                let g = loss.backward();
                println!(
                    "taps {kind} batch {b} round {round} forward {t1:?} all {:?} {}",
                    t0.elapsed(),
                    ws[0].grad(&g).is_some()
                );
            }
            let t0 = Instant::now();
            let mut h = x.swap_dims(1, 2);
            for (i, w) in ws.iter().enumerate() {
                let c = if i == 0 { 9 } else { 48 };
                let w = w.clone().reshape([3, c, 48]).permute([2, 1, 0]);
                h = conv1d(
                    h,
                    w,
                    None,
                    burn_tensor::ops::ConvOptions::new([1], [0], [[1, 1, 2, 4, 8][i]], 1),
                );
            }
            let loss = h.sum();
            let t1 = t0.elapsed();
            let g = loss.backward();
            println!(
                "conv linear batch {b} round {round} forward {t1:?} all {:?} {}",
                t0.elapsed(),
                ws[0].grad(&g).is_some()
            );
        }
    }
}

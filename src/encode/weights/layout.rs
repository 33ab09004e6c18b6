//! What follows from a config: sizes, the encoder's identity, the tensors.

use super::config::{ChartConfig, Layer, Pool};
use super::tensors::{Declared, Fill};
use crate::model::{EncoderSpec, Modality, Sharing};

impl ChartConfig {
    /// Steps of a window before the first layer.
    pub(crate) fn steps(&self) -> usize {
        self.window as usize - self.input.lost()
    }

    /// Steps before the last layer that one step after it reads.
    pub(crate) fn receptive_steps(&self) -> usize {
        1 + self.layers.iter().map(Layer::lead).sum::<usize>()
    }

    /// The width of the last layer.
    pub(crate) fn width(&self) -> usize {
        self.layers.last().map_or(0, Layer::width)
    }

    /// The length of the pooled vector.
    pub(crate) fn pooled(&self) -> usize {
        self.width() * self.pools.iter().map(|p| p.vectors()).sum::<usize>()
    }

    /// The heads of all attention pools.
    pub(crate) fn heads(&self) -> usize {
        let heads = |pool: &Pool| match pool {
            Pool::Attention { heads } => *heads as usize,
            Pool::Last | Pool::Mean => 0,
        };
        self.pools.iter().map(heads).sum()
    }

    /// Widths of the head, from the pooled vector to the embedding.
    pub(crate) fn head_widths(&self) -> Vec<usize> {
        let hidden = self.head.hidden.iter().map(|&w| w as usize);
        std::iter::once(self.pooled())
            .chain(hidden)
            .chain([self.dim as usize])
            .collect()
    }

    /// The identity of the encoder that these weights make.
    pub(crate) fn spec(&self, id: &str, weights_hash: u64) -> EncoderSpec {
        EncoderSpec {
            id: id.to_owned(),
            modality: Modality::Chart,
            dim: self.dim,
            channels: self.input.width() as u32,
            window: self.window,
            receptive_field: (self.receptive_steps() + self.input.lost()) as u32,
            warm_up: self.input.warm_up(),
            sharing: Sharing::Pooled,
            causal: true,
            normaliser: self.input.normaliser(),
            weights_hash,
        }
    }

    /// The tensors of these networks.
    pub(super) fn tensors(&self, prefix: &str) -> Vec<Declared> {
        let mut all = Vec::new();
        let mut inputs = self.input.width();
        for (i, layer) in self.layers.iter().enumerate() {
            for (j, conv) in layer.convolutions.iter().enumerate() {
                let (width, kernel) = (conv.width as usize, conv.kernel as usize);
                let name = format!("{prefix}layers.{i}.{j}");
                let fill = Fill::Random(inputs * kernel);
                all.push(Declared::new(
                    format!("{name}.weight"),
                    &[width, inputs, kernel],
                    fill,
                ));
                if layer.bias {
                    all.push(Declared::new(format!("{name}.bias"), &[width], Fill::Small));
                }
            }
            inputs = layer.width();
        }
        if self.heads() > 0 {
            let shape = [self.heads(), inputs];
            let name = format!("{prefix}attention.weight");
            all.push(Declared::new(name, &shape, Fill::Random(inputs)));
        }
        let widths = self.head_widths();
        if self.head.norm {
            let shape = [self.pooled()];
            let name = format!("{prefix}head.norm");
            all.push(Declared::new(format!("{name}.weight"), &shape, Fill::Ones));
            all.push(Declared::new(format!("{name}.bias"), &shape, Fill::Small));
        }
        for (i, pair) in widths.array_windows::<2>().enumerate() {
            let [inputs, outputs] = *pair;
            let name = format!("{prefix}head.{i}");
            let fill = Fill::Random(inputs);
            all.push(Declared::new(
                format!("{name}.weight"),
                &[outputs, inputs],
                fill,
            ));
            all.push(Declared::new(
                format!("{name}.bias"),
                &[outputs],
                Fill::Small,
            ));
        }
        all
    }
}

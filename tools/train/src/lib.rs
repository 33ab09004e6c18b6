//! Trains the networks of RhymeDB and writes their weights files.
//!
//! A run is a backbone, an objective, augmentations and data, each chosen on its own in a
//! [`config::Config`]. [`train::Trainer`] is the run, [`step`] one step of it.

pub mod augment;
pub mod backbone;
pub mod batch;
pub mod checkpoint;
pub mod config;
pub mod data;
pub mod distil;
pub mod evaluate;
pub mod events;
pub mod export;
pub mod net;
pub mod objective;
pub mod optimise;
pub mod params;
pub mod random;
pub mod repro;
pub mod side;
mod start;
pub mod stationary;
pub mod step;
pub mod task;
pub mod teacher;
pub mod tensor;
pub mod train;
mod unused;

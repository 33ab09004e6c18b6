//! The part of a run in which a teacher speaks.

use std::time::{Duration, Instant};

use rhymedb::{Error, Result};

use super::{Progress, Trainer};
use crate::distil::{Distillation, add_head};
use crate::optimise::{clip, rate_at, update};
use crate::teacher::Teacher;

impl Trainer {
    /// Gives the run its teacher.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the config has no `[text.teacher]`.
    pub fn teach(&mut self, teacher: Teacher) -> Result<()> {
        if self.listens().is_none() {
            return Err(Error::Invalid(
                "expected a config with [text.teacher] for a teacher; add it, or leave out --teacher"
                    .to_owned(),
            ));
        }
        let dim = self.config.backbone.reading().dim as usize;
        add_head(&mut self.params, dim, teacher.width, self.seed);
        self.state.data ^= teacher.hash;
        self.teacher = Some(teacher);
        Ok(())
    }

    /// How the run listens to a teacher, if it does.
    fn listens(&self) -> Option<&Distillation> {
        self.config.text.as_ref()?.teacher.as_ref()
    }

    /// The lessons before any chart is seen.
    pub(super) fn listen(&mut self, watch: &mut dyn FnMut(&Progress) -> bool) -> Result<()> {
        let Some(distillation) = self.listens().cloned() else {
            return Ok(());
        };
        let Some(teacher) = &self.teacher else {
            return Err(Error::Invalid(
                "the config learns from a teacher; name its file with --teacher".to_owned(),
            ));
        };
        let steps = distillation.steps(teacher);
        let training = distillation.training(&self.config.training);
        let (started, first) = (Instant::now(), self.state.lessons);
        while self.state.lessons < steps {
            let number = self.state.lessons;
            let (loss, mut gradients) = self.lesson(number)?;
            clip(&mut gradients, training.clip);
            let share = rate_at(number, steps, training.warm_up);
            update(&mut self.params, &gradients, &training, number, share);
            self.state.lessons += 1;
            if self.state.lessons == steps {
                self.params.forget_moments();
            }
            let each = started.elapsed().as_secs_f64() / (number + 1 - first) as f64;
            let progress = Progress {
                lessons: true,
                epoch: 0,
                epochs: self.config.training.epochs,
                step: self.state.lessons,
                steps,
                loss: f64::from(loss),
                last: None,
                left: Duration::from_secs_f64(each * (steps - self.state.lessons) as f64),
            };
            if watch(&progress) {
                self.save()?;
                return Err(Error::Interrupted);
            }
        }
        Ok(())
    }

    /// The loss of a lesson and its gradients.
    fn lesson(&self, number: u64) -> Result<(f32, Vec<Vec<f32>>)> {
        let text = self.config.text.as_ref();
        let (Some(text), Some(d), Some(teacher)) = (text, self.listens(), &self.teacher) else {
            return Ok((0.0, Vec::new()));
        };
        let lesson = d.lesson(teacher, text, &self.data.names, self.seed, number);
        self.model.lesson(&self.params, &lesson)
    }

    /// Adds the gradients of a lesson beside a step on charts, as much as they count.
    pub(super) fn add_lesson(&self, gradients: &mut [Vec<f32>]) -> Result<()> {
        let keep = self.listens().map_or(0.0, |d| d.keep);
        if keep == 0.0 {
            return Ok(());
        }
        let (_, lesson) = self.lesson(self.state.lessons + self.state.step)?;
        for (gradient, other) in gradients.iter_mut().zip(lesson) {
            let both = gradient.iter_mut().zip(other);
            both.for_each(|(g, other)| *g += keep * other);
        }
        Ok(())
    }
}

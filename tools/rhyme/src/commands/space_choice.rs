use clap::{Args, ValueEnum};
use rhymedb::encode::{Weights, chart_encoder_by_name};
use rhymedb::{Control, Database, Error};

use crate::failure::Outcome;

/// Which of the default spaces a database is to have.
#[derive(Debug, Args)]
pub(crate) struct SpaceChoice {
    /// The spaces that a new database gets: clip is of charts and headlines, and takes as long as
    /// all the rest [default: shape,clip]
    #[arg(long, value_enum, value_delimiter = ',')]
    spaces: Vec<DefaultSpace>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DefaultSpace {
    Shape,
    Clip,
}

impl DefaultSpace {
    const ALL: [Self; 2] = [Self::Shape, Self::Clip];

    fn name(self) -> &'static str {
        match self {
            Self::Shape => Database::DEFAULT_SPACE,
            Self::Clip => Database::TEXT_SPACE,
        }
    }

    fn make(self, db: &Database, control: &Control) -> Outcome {
        match self {
            Self::Shape => {
                let shape = chart_encoder_by_name("shape", 64, None)?;
                db.create_space(self.name(), &shape, 1, control.clone())?;
            }
            Self::Clip => {
                let weights = Weights::shipped_clip()?;
                db.create_space_of_weights(self.name(), &weights, 1, control.clone())?;
            }
        }
        Ok(())
    }
}

impl SpaceChoice {
    /// Makes those of the chosen spaces that are not there. Without a choice the first ingestion
    /// makes what it makes.
    pub(super) fn make(&self, db: &Database, control: &Control) -> Outcome {
        if self.spaces.is_empty() {
            return Ok(());
        }
        let stored = db.now().spaces()?;
        let is_there = |space: DefaultSpace| stored.iter().any(|s| s.space.name == space.name());
        for space in DefaultSpace::ALL {
            match (self.spaces.contains(&space), is_there(space)) {
                (true, false) => space.make(db, control)?,
                (false, true) => {
                    return Err(Error::Invalid(format!(
                        "expected a database without the space {name}, since --spaces leaves it out, found one that has it; leave --spaces out, or drop the space with `rhyme drop-space {name}`",
                        name = space.name()
                    ))
                    .into());
                }
                (true, true) | (false, false) => {}
            }
        }
        Ok(())
    }
}

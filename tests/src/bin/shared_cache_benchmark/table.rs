//! Figures of several rounds and how they compare, for people.

use anyhow::Result;

use crate::load::Rate;

/// What was measured, round by round.
pub(crate) struct Table {
    rows: Vec<Row>,
    part: String,
}

struct Row {
    name: String,
    floor: String,
    rounds: Vec<(Rate, Rate)>,
}

impl Table {
    /// A table of the operations in whose names the part is.
    pub(crate) const fn of(part: String) -> Self {
        Self { rows: Vec::new(), part }
    }

    /// Measures an operation and what it is measured against, each first in every other round.
    pub(crate) fn measure(
        &mut self,
        name: &str,
        floor_name: &str,
        round: u64,
        operation: impl Fn() -> Rate,
        floor: impl Fn() -> Result<Rate>,
    ) -> Result<()> {
        if !name.contains(&self.part) {
            return Ok(());
        }
        let (rate, floor) = match round.is_multiple_of(2) {
            true => (operation(), floor()?),
            false => {
                let floor = floor()?;
                (operation(), floor)
            }
        };
        self.add(name, rate, floor_name, floor);
        Ok(())
    }

    fn add(&mut self, name: &str, rate: Rate, floor_name: &str, floor: Rate) {
        let is_same = |row: &&mut Row| row.name == name && row.floor == floor_name;
        match self.rows.iter_mut().find(is_same) {
            Some(row) => row.rounds.push((rate, floor)),
            None => self.rows.push(Row {
                name: name.to_owned(),
                floor: floor_name.to_owned(),
                rounds: vec![(rate, floor)],
            }),
        }
    }

    /// Prints medians, and the ratios of the rounds.
    pub(crate) fn print(&self) {
        println!(
            "{:<30} {:>9} {:>7}   {:<32} {:>9}   {:>5}  of the rounds",
            "operation", "ops/s", "cached", "measured against", "ops/s", "ratio"
        );
        for Row { name, floor, rounds } in &self.rows {
            let of = |figure: fn(&(Rate, Rate)) -> f64| sorted(rounds.iter().map(figure));
            let ratios = of(|(rate, floor)| rate.per_s / floor.per_s);
            println!(
                "{name:<30} {:>9.0} {:>5.0} %   {floor:<32} {:>9.0}   {:>5.2}  {:.2} to {:.2}",
                median(&of(|(rate, _)| rate.per_s)),
                median(&of(|(rate, _)| rate.cached)) * 100.0,
                median(&of(|(_, floor)| floor.per_s)),
                median(&ratios),
                ratios.first().copied().unwrap_or_default(),
                ratios.last().copied().unwrap_or_default(),
            );
        }
    }
}

fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}

fn median(sorted: &[f64]) -> f64 {
    match (sorted.len(), sorted.len() / 2) {
        (0, _) => 0.0,
        (count, middle) if count % 2 == 0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        (_, middle) => sorted[middle],
    }
}

//! The positions of grid lines.

/// About five round values from zero to at least `greatest`.
pub(super) fn from_zero(greatest: f64) -> Vec<f64> {
    let greatest = if greatest.is_finite() && greatest > 0.0 {
        greatest
    } else {
        1.0
    };
    let raw = greatest / 5.0;
    let power = 10_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * power)
        .find(|step| *step >= raw);
    let step = step.unwrap_or(raw);
    let count = (greatest / step - 1e-9).ceil() as u32;
    (0..=count).map(|number| f64::from(number) * step).collect()
}

/// 1, 2 and 5 of each power of ten, from at most `least` to at least `greatest`; both above zero.
pub(super) fn logarithmic(least: f64, greatest: f64) -> Vec<f64> {
    let least = least.max(1e-3);
    let greatest = greatest.max(least * 2.0);
    let mut values = Vec::new();
    for power in (least.log10().floor() as i32)..=(greatest.log10().ceil() as i32) {
        values.extend([1.0, 2.0, 5.0].map(|factor| factor * 10_f64.powi(power)));
    }
    let first = values
        .iter()
        .rposition(|value| *value <= least * 1.0001)
        .unwrap_or(0);
    let last = values
        .iter()
        .position(|value| *value >= greatest * 0.9999)
        .unwrap_or(values.len() - 1);
    values.get(first..=last).unwrap_or_default().to_vec()
}

/// The shortest label of a value.
pub(super) fn label(value: f64) -> String {
    let text = match value.abs() {
        value if value >= 10_000.0 => return super::super::figure::number(value.round(), 0),
        value if value >= 10.0 || value == 0.0 => format!("{value:.1}"),
        value if value >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_grid_holds_its_values(greatest in 1e-6_f64..1e9, share in 1e-6_f64..1.0) {
            let grid = from_zero(greatest);
            prop_assert!(grid.len() >= 2 && grid.len() <= 7, "{:?}", grid);
            prop_assert!(*grid.last().unwrap() >= greatest * 0.999_999);
            let least = (greatest * share).max(1e-3);
            let grid = logarithmic(least, greatest.max(1e-3));
            prop_assert!(grid.first().unwrap() <= &(least * 1.001), "{} {:?}", least, grid);
            prop_assert!(*grid.last().unwrap() >= greatest * 0.999, "{} {:?}", greatest, grid);
        }
    }

    #[test]
    fn labels_are_short() {
        assert_eq!(from_zero(9.0), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(
            ["0", "0.5", "20", "1500", "25,000"],
            [0.0, 0.5, 20.0, 1500.0, 25_000.0]
                .map(label)
                .each_ref()
                .map(String::as_str)
        );
    }
}

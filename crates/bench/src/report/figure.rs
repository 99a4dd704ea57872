//! The known figures, with their units.

/// A figure.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its title in tables.
    pub title: &'static str,
    /// Its unit in tables.
    pub unit: &'static str,
    /// Places behind the point.
    pub decimals: usize,
}

const fn figure(name: &'static str, title: &'static str, unit: &'static str, decimals: usize) -> Figure {
    Figure {
        name,
        title,
        unit,
        decimals,
    }
}

/// All figures, in the order of display.
pub const FIGURES: &[Figure] = &[
    figure("messages_per_second", "messages sent", "/s", 0),
    figure("deliveries_per_second", "deliveries", "/s", 0),
    figure("changes_per_second", "changes of status", "/s", 0),
    figure("log_ins_per_second", "log-ins", "/s", 0),
    figure("returns_per_second", "returns", "/s", 0),
    figure("frames_per_second", "frames while idle", "/s", 0),
    figure("latency_p50_ms", "latency, p50", "ms", 2),
    figure("latency_p99_ms", "latency, p99", "ms", 2),
    figure("latency_p999_ms", "latency, p99.9", "ms", 2),
    figure("latency_max_ms", "latency, greatest", "ms", 2),
    figure("alone_p50_ms", "without neighbours, p50", "ms", 2),
    figure("alone_p99_ms", "without neighbours, p99", "ms", 2),
    figure("server_cpu_us_per_delivery", "server CPU per delivery", "µs", 3),
    figure("server_cpu_us_per_message", "server CPU per message", "µs", 2),
    figure(
        "server_user_us_per_message",
        "  of it outside the kernel",
        "µs",
        2,
    ),
    figure("server_cpu_us_per_log_in", "server CPU per log-in", "µs", 0),
    figure("server_user_us_per_log_in", "  of it outside the kernel", "µs", 0),
    figure("server_cpu_us_per_frame", "server CPU per frame", "µs", 3),
    figure(
        "full_house_cpu_us_per_log_in",
        "server CPU per log-in, full house",
        "µs",
        0,
    ),
    figure(
        "full_house_user_us_per_log_in",
        "  of it outside the kernel",
        "µs",
        0,
    ),
    figure("bytes_per_log_in", "bytes per log-in, to all", "B", 0),
    figure(
        "full_house_bytes_per_log_in",
        "bytes per log-in, full house",
        "B",
        0,
    ),
    figure("server_cores", "server, of one core", "", 3),
    figure("server_first_thread_percent", "  of it the first thread", "%", 0),
    figure("alone_server_cores", "  without neighbours", "", 3),
    figure("idle_cpu_percent", "server while idle, of one core", "%", 2),
    figure("base_mib", "server memory, empty", "MiB", 1),
    figure("resident_mib", "server memory", "MiB", 1),
    figure("grown_mib", "  grown by the neighbours", "MiB", 1),
    figure("resident_kib_per_client", "server memory per client", "KiB", 2),
    figure("flood_messages_per_second", "floods send", "/s", 0),
    figure("neighbours_cut_off", "neighbours cut off", "", 0),
    figure("neighbours_errors", "errors to neighbours", "", 0),
    figure(
        "generator_cpu_us_per_delivery",
        "generator CPU per delivery",
        "µs",
        3,
    ),
    figure("generator_cpu_us_per_frame", "generator CPU per frame", "µs", 3),
    figure("generator_late_p99_ms", "generator late, p99", "ms", 2),
    figure("server_waited_percent", "server waited for a processor", "%", 1),
    figure(
        "generator_waited_percent",
        "generator waited for a processor",
        "%",
        1,
    ),
    figure("lost", "lost", "", 0),
    figure("disordered", "out of order", "", 0),
    figure("doubled", "doubled", "", 0),
    figure("errors", "errors", "", 0),
    figure("cut_off", "cut off", "", 0),
];

/// Figures that count faults and must be zero.
pub const FAULTS: &[&str] = &["lost", "disordered", "doubled", "errors", "cut_off"];

impl Figure {
    /// Finds a figure by name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        FIGURES.iter().find(|figure| figure.name == name).copied()
    }

    /// A value of the figure as text, without the unit.
    #[must_use]
    pub fn text(self, value: f64) -> String {
        number(value, self.decimals)
    }
}

/// A number with a comma between thousands, as in the tables of the documentation.
#[must_use]
pub fn number(value: f64, decimals: usize) -> String {
    let plain = format!("{value:.decimals$}");
    let (whole, rest) = plain
        .split_once('.')
        .map_or((plain.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let (sign, digits) = whole
        .strip_prefix('-')
        .map_or(("", whole), |digits| ("-", digits));
    let mut text = String::from(sign);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(rest) = rest {
        text.push('.');
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands() {
        assert_eq!(number(1_234_567.0, 0), "1,234,567");
        assert_eq!(number(-1234.5, 1), "-1,234.5");
        assert_eq!(number(12.0, 2), "12.00");
    }
}

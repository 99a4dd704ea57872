//! A real Prometheus reads the metrics of the running server. Its own tool checks the metrics, the alerts and their tests, and each
//! query of the dashboard is a query that it understands.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::monitoring::{ask, watched};
use crate::site::{PATIENCE, Site};

/// A file of the repository.
fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// A program of Debian's package, or the one that an environment variable names.
fn program(variable: &str, usual: &str) -> Command {
    let program = std::env::var_os(variable).unwrap_or_else(|| usual.into());
    Command::new(program)
}

#[track_caller]
fn started(mut command: Command) -> Child {
    let child = command.spawn();
    child.unwrap_or_else(|error| {
        panic!("{command:?} can't be run ({error}): tests/run installs the package prometheus, which has it")
    })
}

/// Runs `promtool`; it must be content.
#[track_caller]
fn promtool(words: &[&str], input: &str) {
    let mut command = program("PROMTOOL", "promtool");
    command
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = started(command);
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stdout).into_owned() + &String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "promtool {words:?}: {said}");
}

/// A Prometheus of this test's own; it is killed with this value.
pub(crate) struct Prometheus {
    child: Child,
    address: SocketAddr,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts it on the example configuration, with the target and the intervals of a test.
    pub(crate) fn start(target: SocketAddr) -> Self {
        let folder = TempDir::new().unwrap();
        let read = |path: &str| fs::read_to_string(file(path)).unwrap();
        let example = read("contrib/prometheus/prometheus.yml");
        assert!(
            example.contains("127.0.0.1:9724") && example.contains("15s"),
            "{example}"
        );
        let configuration = example
            .replace("127.0.0.1:9724", &target.to_string())
            .replace("15s", "1s");
        fs::write(folder.path().join("prometheus.yml"), configuration).unwrap();
        let rules = read("contrib/prometheus/fchatd-alerts.yml");
        fs::write(folder.path().join("fchatd-alerts.yml"), rules).unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let mut command = program("PROMETHEUS", "prometheus");
        command
            .arg(format!(
                "--config.file={}",
                folder.path().join("prometheus.yml").display()
            ))
            .arg(format!(
                "--storage.tsdb.path={}",
                folder.path().join("data").display()
            ))
            .arg(format!("--web.listen-address={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self {
            child: started(command),
            address,
            _folder: folder,
        }
    }

    /// The data of an answer of its HTTP interface; nothing while it does not listen.
    fn get(&self, path: &str) -> Option<Value> {
        std::net::TcpStream::connect(self.address).ok()?;
        let answer = ask(self.address, &format!("GET {path} HTTP/1.1\nConnection: close"));
        let body = answer.split_once("\r\n\r\n")?.1;
        let body = body.get(body.find('{')?..=body.rfind('}')?)?.replace("\r\n", "");
        serde_json::from_str(&body).ok()
    }

    /// Waits until an answer is as it should be.
    fn await_answer(&self, path: &str, is_good: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        let mut last = None;
        while start.elapsed() < 2 * PATIENCE {
            last = self.get(path);
            if let Some(answer) = last.take_if(|answer| is_good(answer)) {
                return answer;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("{path} of Prometheus stays {last:?}");
    }

    /// Waits until it reads the metrics of its target.
    pub(crate) fn await_up(&self) {
        self.await_answer("/api/v1/targets", |answer| {
            let target = &answer["data"]["activeTargets"][0];
            target["health"] == "up" && target["lastError"] == ""
        });
    }

    /// Asks a query.
    pub(crate) fn query(&self, query: &str) -> Value {
        let encoded: String = query.bytes().map(|byte| format!("%{byte:02X}")).collect();
        self.await_answer(&format!("/api/v1/query?query={encoded}"), |answer| {
            !answer["status"].is_null()
        })
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All texts under a key, at any depth.
fn texts<'a>(value: &'a Value, key: &str, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(text) if name == key => found.push(text),
                    value => texts(value, key, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| texts(value, key, found)),
        _ => {}
    }
}

/// The figures that a text names.
fn figures(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    let figures = words.filter(|word| word.starts_with("fchatd_") || word.starts_with("process_"));
    figures.map(|word| {
        let ending = ["_bucket", "_sum", "_count"]
            .into_iter()
            .find_map(|ending| word.strip_suffix(ending));
        ending.unwrap_or(word)
    })
}

fn queries(dashboard: &Value) -> Vec<&str> {
    let mut queries = Vec::new();
    texts(dashboard, "expr", &mut queries);
    assert!(queries.len() > 30, "{queries:?}");
    queries
}

#[test]
fn alerts_and_dashboard_name_figures_of_the_server() {
    let read = |path: &str| fs::read_to_string(file(path)).unwrap();
    let reference = read("docs/figures.md");
    let dashboard: Value = serde_json::from_str(&read("contrib/grafana/fchatd.json")).unwrap();
    let alerts = read("contrib/prometheus/fchatd-alerts.yml");
    for text in queries(&dashboard).into_iter().chain([alerts.as_str()]) {
        for figure in figures(text) {
            assert!(
                reference.contains(&format!("| `{figure}` |")),
                "{figure} in {text}"
            );
        }
    }
}

#[test]
fn prometheus_reads_the_metrics_and_evaluates_the_alerts() {
    let site = Site::new();
    let (_server, address) = watched(&site, &[]);
    let prometheus = Prometheus::start(address);
    let metrics = ask(address, "GET /metrics HTTP/1.1");
    promtool(&["check", "metrics"], metrics.split_once("\r\n\r\n").unwrap().1);
    for (command, path) in [
        ("check config", "contrib/prometheus/prometheus.yml"),
        ("check rules", "contrib/prometheus/fchatd-alerts.yml"),
        ("test rules", "contrib/prometheus/fchatd-alerts.test.yml"),
    ] {
        let path = file(path);
        let words: Vec<&str> = command.split(' ').chain(path.to_str()).collect();
        promtool(&words, "");
    }
    prometheus.await_up();
    let rules = prometheus.await_answer("/api/v1/rules", |answer| {
        let rules = answer["data"]["groups"][0]["rules"].as_array();
        rules.is_some_and(|rules| rules.iter().all(|rule| rule["health"] == "ok"))
    });
    let firing = rules["data"]["groups"][0]["rules"].as_array().unwrap().iter();
    let firing: Vec<_> = firing
        .filter(|rule| rule["state"] != "inactive")
        .map(|rule| &rule["name"])
        .collect();
    assert!(firing.is_empty(), "a fresh server is no reason for {firing:?}");
    assert_eq!(
        prometheus.query("count(fchatd_build_info)")["data"]["result"][0]["value"][1],
        "1"
    );
    let text = fs::read_to_string(file("contrib/grafana/fchatd.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    for query in queries(&dashboard) {
        let filled = query.replace("$instance", ".*").replace("$__rate_interval", "1m");
        assert_eq!(prometheus.query(&filled)["status"], "success", "{query}");
    }
}

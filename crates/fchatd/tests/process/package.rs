//! The Debian package in a system of its own: install, upgrade while people talk, an upgrade that the server refuses, remove, purge.
//! The system is a copy-on-write view of this machine in namespaces, so that `dpkg` changes nothing here. That takes root and
//! `dpkg`: elsewhere the test says so, and ends.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tempfile::TempDir;

use crate::site::{PATIENCE, Server, Site, taken_port};
use crate::websocket::WebSocket;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Mounts the view, and lives as its first process until its standard input ends. It prints its number outside of the view.
const FIRST_PROCESS: &str = r#"
set -e
read -r number _ </proc/self/stat
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs -o mode=755 tmpfs "$1/root/run"
mkdir -p "$1/root/packages" "$1/root/run/lock"
# The index of all manuals of the machine is not made anew.
rm -f "$1/root/var/lib/man-db/auto-update"
echo "$number"
while read -r _; do :; done
"#;

/// A system of its own; its processes are killed with this value.
pub(crate) struct System {
    first: Child,
    number: String,
    folder: TempDir,
}

impl System {
    pub(crate) fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let mut first = Command::new("unshare")
            .args([
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "bash",
                "-c",
                FIRST_PROCESS,
                "bash",
            ])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("unshare (util-linux) can't be run: {error}"));
        let mut number = String::new();
        let stdout = first.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut number).unwrap();
        assert!(
            !number.is_empty(),
            "the view of this machine can't be mounted: it takes root, namespaces and overlayfs"
        );
        Self {
            first,
            number: number.trim().to_owned(),
            folder,
        }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// A command inside.
    fn command(&self) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.number, "--mount", "--pid", "chroot"])
            .arg(self.root())
            .args(["env", "-C", "/", "DEBIAN_FRONTEND=noninteractive"]);
        command
    }

    /// Puts a file into the folder `/packages` inside.
    pub(crate) fn bring(&self, file: &Path) {
        let mut command = Command::new("nsenter");
        command
            .args(["--target", &self.number, "--mount", "cp"])
            .arg(file);
        let to = self.root().join("packages");
        assert!(command.arg(to).status().unwrap().success());
    }

    /// Runs a line of shell, with nothing to read.
    fn run(&self, line: &str) -> Output {
        self.command()
            .args(["sh", "-c", line])
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs a line of shell that must not fail; its output.
    #[track_caller]
    pub(crate) fn done(&self, line: &str) -> String {
        let output = self.run(line);
        let told = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(output.status.success(), "{line}: {told}");
        told
    }

    /// Runs `fchatd` as an operator does, with something to read.
    #[track_caller]
    pub(crate) fn fchatd(&self, words: &[&str], input: &str) {
        let mut command = self.command();
        command
            .args([
                "runuser",
                "-u",
                "fchatd",
                "--",
                "fchatd",
                "--dir",
                "/var/lib/fchatd",
            ])
            .args(words);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        assert!(child.wait().unwrap().success(), "{words:?}");
    }

    /// Starts the server as the unit does.
    pub(crate) fn serve(&self, site: &Site) -> Server {
        let unit = self.done("cat /usr/lib/systemd/system/fchatd.service");
        let line = unit.lines().find_map(|line| line.strip_prefix("ExecStart="));
        assert_eq!(line, Some("/usr/bin/fchatd --dir /var/lib/fchatd"), "{unit}");
        let mut command = site.command("nsenter");
        command
            .args(self.command().get_args())
            .args(["runuser", "-u", "fchatd", "--", "/usr/bin/fchatd"]);
        // The folder of the unit takes the place of the site's own.
        site.start_by(command, &["run", "--dir", "/var/lib/fchatd"])
    }
}

impl Drop for System {
    fn drop(&mut self) {
        let _ = self.first.kill();
        let _ = self.first.wait();
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Makes the packages of the tested program; the .deb and the tarball.
pub(crate) fn packages(version: &str, out: &Path) -> (PathBuf, PathBuf) {
    let output = Command::new(repository().join("release/package"))
        .args([
            "--fast",
            "--program",
            env!("CARGO_BIN_EXE_fchatd"),
            "--version",
            version,
            "--out",
        ])
        .arg(out)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    let mut files = told.lines().map(PathBuf::from);
    (files.next().unwrap(), files.next().unwrap())
}

fn log_in(server: &Server, name: &str) -> WebSocket {
    let form = format!("account={name}&password=correct+horse+battery");
    let answer = server.post("/json/getApiTicket.php", &form);
    WebSocket::log_in(server, name, answer["ticket"].as_str().unwrap())
}

/// Connects all the time, and fails when a connection is refused.
fn knock(server: &Server, done: Arc<AtomicBool>) -> thread::JoinHandle<()> {
    let address = server.address;
    thread::spawn(move || {
        while !done.load(Ordering::Relaxed) {
            let stream = TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            WebSocket::over(stream);
        }
    })
}

/// Both people are disconnected for the restart, return, and have lost nothing; nobody else sees them leave.
fn talk_on(server: &Server, people: [WebSocket; 2]) -> [WebSocket; 2] {
    for mut person in people {
        assert_eq!(person.closed(), 1001);
    }
    let mut bob = log_in(server, "Bob");
    bob.say(r#"JCH {"channel":"Frontpage"}"#);
    let members = bob.await_text("ICH ");
    assert!(members.contains("Ada"), "her place is kept: {members}");
    bob.say(r#"MSG {"channel":"Frontpage","message":"while you are away"}"#);
    bob.say("PIN");
    let mut ada = log_in(server, "Ada");
    ada.say(r#"JCH {"channel":"Frontpage"}"#);
    let line = ada.await_text("MSG ");
    assert!(line.contains("while you are away"), "{line}");
    ada.say(r#"MSG {"channel":"Frontpage","message":"back"}"#);
    loop {
        let frame = bob.text();
        assert!(
            !["FLN ", "LCH "].iter().any(|begin| frame.starts_with(begin)),
            "{frame}"
        );
        if frame.starts_with("MSG ") && frame.contains("back") {
            return [ada, bob];
        }
    }
}

/// Whether this user may make namespaces, and the machine has `dpkg`.
pub(crate) fn can_install() -> bool {
    let can = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output();
        output.is_ok_and(|output| output.status.success())
    };
    can("dpkg-deb", &["--version"]) && can("unshare", &["--mount", "--pid", "--fork", "true"])
}

#[test]
fn a_package_upgrade_loses_no_session_and_a_purge_leaves_no_file() {
    if !can_install() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped: this test takes root, namespaces, and dpkg"
        );
        return;
    }
    let out = TempDir::new().unwrap();
    let (old, _) = packages("0.0.1-rc.1", out.path());
    let (new, tarball) = packages(env!("CARGO_PKG_VERSION"), out.path());
    let system = System::start();
    for file in [&old, &new] {
        system.bring(file);
    }
    let install = |package: &Path| {
        let name = package.file_name().unwrap().to_str().unwrap();
        system.done(&format!("dpkg --install /packages/{name} </dev/null"))
    };
    install(&old);
    let modes = system.done(
        "stat -c '%a %U:%G %n' /var/lib/fchatd /etc/fchatd /etc/fchatd/startup_config.lua; readlink /var/lib/fchatd/script",
    );
    let wanted = "700 fchatd:fchatd /var/lib/fchatd\n750 root:fchatd /etc/fchatd\n\
                  640 root:fchatd /etc/fchatd/startup_config.lua\n/etc/fchatd\n";
    assert_eq!(modes, wanted);
    system.done("zcat /usr/share/man/man1/fchatd-account-add.1.gz | grep -q 'Add an account'");
    system.done(
        "test -s /usr/share/bash-completion/completions/fchatd -a -s /usr/share/doc/fchatd/docs/packages.md",
    );

    let units = "/usr/lib/systemd/system/fchatd.service /usr/lib/systemd/system/fchatd.socket";
    system.done(&format!(
        "! command -v systemd-analyze || systemd-analyze verify {units}"
    ));

    system.done("echo 'maxusers = 77' >>/etc/fchatd/startup_config.lua");
    let site = Site::new();
    for name in ["Ada", "Bob"] {
        system.fchatd(&["account", "add", name], PASSWORD);
        system.fchatd(&["character", "add", name, name], "");
    }
    let server = system.serve(&site);
    let mut people = ["Ada", "Bob"].map(|name| log_in(&server, name));
    for person in &mut people {
        person.say(r#"JCH {"channel":"Frontpage"}"#);
        person.await_text("ICH ");
    }
    let done = Arc::new(AtomicBool::new(false));
    let knocking = knock(&server, Arc::clone(&done));
    let told = install(&new);
    assert!(told.contains("has restarted"), "{told}");
    let people = talk_on(&server, people);
    done.store(true, Ordering::Relaxed);
    knocking.join().unwrap();
    let version =
        system.done("dpkg-query --show --showformat '${Version}' fchatd; readlink /proc/$(pidof fchatd)/exe");
    assert_eq!(version, format!("{}/usr/bin/fchatd\n", env!("CARGO_PKG_VERSION")));
    system.done("grep -q 'maxusers = 77' /etc/fchatd/startup_config.lua");

    // A server that refuses the new program goes on, and the operator hears the reason.
    system.done("cp /etc/fchatd/startup_config.lua /tmp/kept; echo 'maxusers = \"many\"' >>/etc/fchatd/startup_config.lua");
    let told = install(&new);
    assert!(
        told.contains("has not taken up the new version") && told.contains("maxusers"),
        "{told}"
    );
    system.done("cp /tmp/kept /etc/fchatd/startup_config.lua");
    let [mut ada, _bob] = people;
    ada.say(r#"MSG {"channel":"Frontpage","message":"still here"}"#);
    ada.say("CHA");
    ada.await_text("CHA ");

    system.done("kill $(pidof fchatd)");
    assert_eq!(server.ended().code, Some(0));
    system.done("dpkg --remove fchatd && test ! -e /usr/bin/fchatd -a -e /var/lib/fchatd/data/fchatd.sqlite");
    install(&new);
    system.fchatd(&["account", "show", "Ada"], "");
    system.done("grep -q 'maxusers = 77' /etc/fchatd/startup_config.lua");
    system.done("dpkg --purge fchatd </dev/null && test ! -e /var/lib/fchatd -a ! -e /etc/fchatd -a ! -e /usr/share/doc/fchatd");
    tarball_is_complete(&tarball);
}

/// The file of the image, where no engine builds it in the tests: two stages, and a last one without root.
#[test]
fn the_image_has_stages_and_runs_without_root() {
    let file = containerfile();
    let steps: Vec<(&str, &str)> = file
        .lines()
        .filter(|line| line.starts_with(|letter: char| letter.is_ascii_uppercase()))
        .filter_map(|line| line.split_once(' '))
        .collect();
    let last = |word: &str| {
        let place = steps.iter().rposition(|(step, _)| *step == word);
        place.unwrap_or_else(|| panic!("there is no {word}"))
    };
    let bases: Vec<&str> = steps
        .iter()
        .filter(|(step, _)| *step == "FROM")
        .map(|step| step.1)
        .collect();
    assert_eq!(bases.len(), 2);
    for base in bases {
        assert!(
            base.contains(':') && !base.contains(":latest"),
            "{base} has a version"
        );
    }
    let (_, user) = steps[last("USER")];
    assert!(
        user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)),
        "{user}"
    );
    let order = ["FROM", "RUN", "COPY", "USER", "ENTRYPOINT"].map(last);
    assert!(order.is_sorted(), "{file}");
    assert!(
        steps[last("COPY")]
            .1
            .starts_with("--from=build /source/target/dist/fchatd ")
    );
    // A server that is not there is not healthy.
    let (taken, port) = taken_port();
    drop(taken);
    assert!(!is_healthy(port));
    let site = Site::new();
    assert!(is_healthy(site.start(&[]).address.port()));
}

fn containerfile() -> String {
    fs::read_to_string(repository().join("release/Containerfile")).unwrap()
}

/// The health check of the image, as it stands in `release/Containerfile`.
fn is_healthy(port: u16) -> bool {
    let file = containerfile();
    let command = file.lines().find_map(|line| line.trim().strip_prefix("CMD "));
    let words: Vec<String> = serde_json::from_str(command.unwrap()).unwrap();
    let (program, words) = words.split_first().unwrap();
    let mut command = Command::new(program);
    command
        .args(words)
        .env("FCHATD_PORT", port.to_string())
        .stderr(Stdio::null());
    command.status().unwrap().success()
}

/// Linked crates and the sources that are compiled into them are listed; crates of tests, of the build and macros are not.
#[test]
fn the_bill_of_materials_lists_the_crates_of_the_program() {
    let output = Command::new(repository().join("release/materials"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let bill: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        bill["metadata"]["component"]["version"],
        env!("CARGO_PKG_VERSION")
    );
    let components = bill["components"].as_array().unwrap();
    for component in components {
        assert!(component["licenses"][0]["expression"].is_string(), "{component}");
    }
    let has = |name| components.iter().any(|component| component["name"] == name);
    assert!(
        ["tokio", "mlua", "luau0-src", "libsqlite3-sys", "fchatd-core"]
            .into_iter()
            .all(has)
    );
    assert!(
        !["proptest", "clap_derive", "fchatd-bench", "cc"]
            .into_iter()
            .any(has)
    );
}

fn tarball_is_complete(tarball: &Path) {
    let output = Command::new("tar").arg("tzf").arg(tarball).output().unwrap();
    let names = String::from_utf8(output.stdout).unwrap();
    for file in [
        "/bin/fchatd",
        "/share/man/man1/fchatd.1",
        "/share/zsh/site-functions/_fchatd",
        "/docs/packages.md",
        "/contrib/systemd/fchatd.service",
        "/LICENSE-MIT",
    ] {
        assert!(names.lines().any(|name| name.ends_with(file)), "{file}: {names}");
    }
}

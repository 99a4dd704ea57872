//! `fchatd test` and `fchatd check` with files in the manner of the classic server.

const TESTS: &str = include_str!("rules_tests.lua");

#[test]
fn run_tests_is_run_and_a_broken_copy_fails() {
    let site = crate::site();
    site.write("script/tests.lua", TESTS);
    let outcome = site.run(&["test"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains("1 passed, 0 failed"), "{outcome:?}");
    let told = format!("{}{}", outcome.stdout, outcome.stderr);
    let checks = told.split(" checks, 0 failed").next().unwrap();
    let checks: u32 = checks
        .rsplit(|letter: char| !letter.is_ascii_digit())
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert!(checks >= 100, "{checks} checks");

    // The file catches the errors of its checks and goes on; they count nevertheless.
    let broken = TESTS.replace("\"yes\")\n    u.addRole", "\"no\")\n    u.addRole");
    assert_ne!(broken, TESTS);
    site.write("script/tests.lua", &broken);
    let outcome = site.run(&["test"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(outcome.stdout.contains("FAILED runTests"), "{outcome:?}");
}

#[test]
fn a_file_without_a_test_is_a_failure() {
    let site = crate::site();
    site.write("script/tests.lua", "local x = 1\n");
    let outcome = site.run(&["test"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    assert!(
        outcome.stdout.contains("there is no test in this file"),
        "{outcome:?}"
    );
}

#[test]
fn check_warns_of_what_the_classic_server_ran_with() {
    let site = crate::site();
    let rules = format!(
        "{}\nfunction event.ABC(con) return const.FERR_NO_SUCH end\n",
        crate::RULES
    );
    site.write("script/main.lua", &rules);
    let outcome = site.run(&["check"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let told = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(told.contains("there is no const.FERR_NO_SUCH"), "{told}");
    // Scripts of our own kind are held to it.
    site.write("script/main.lua", &format!("--!fchatd\n{rules}"));
    let outcome = site.run(&["check"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
}

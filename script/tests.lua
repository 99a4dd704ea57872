-- Tests of the rules: `fchatd test` runs every function in the table `tests`, each in a fresh world.

tests = {}

require("tests/rights") -- rights by role, as tables
require("tests/moderation")
require("tests/channels")
require("tests/talking")
require("tests/server")
require("tests/gate")

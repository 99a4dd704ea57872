-- The settings of this server, with their defaults. Remove the two dashes before the settings that you change,
-- and save the file as script/startup_config.lua. "fchatd check" reports its mistakes; a running
-- server reads it again on RLD of an administrator and on SIGHUP. Settings marked "restart" wait for a restart.

-- The server

-- IP address or host name to listen on, such as 127.0.0.1; 0.0.0.0 means all IPv4 addresses of the machine (text, restart)
--bindaddr = "127.0.0.1"

-- TCP port to listen on; 0 takes any free port (0 to 65535, restart)
--port = 9722

-- listeners instead of bindaddr and port, such as {"tls://0.0.0.0:443", "tcp://0.0.0.0:80 redirect", "unix:/run/fchatd.sock"}; words after the place: redirect, trust=NETWORK, header=NAME, proxy_protocol=NETWORK; see docs/tls.md (list, restart)
--listen = {}

-- IP address and TCP port for metrics (/metrics, for Prometheus) and health checks (/health, /ready), without a password; empty: none; the default address is left out if it is in use or port is 0 (text, restart)
--admin_listen = "127.0.0.1:9724"

-- whether the administration page at /admin and its API are there, for administrators and for tokens (fchatd admin token) (true, false)
--admin_page = true

-- networks that reach the administration page and its API, as addresses or CIDR blocks, such as {"127.0.0.1", "10.0.0.0/8"}; empty: all (list)
--admin_networks = {}

-- time after the password was entered in which an administrator changes something on the administration page without entering it again; 0 asks for it each time (0 to 86400, seconds)
--admin_fresh = 900

-- time without a request after which an administrator is signed out of the administration page (60 to 86400, seconds)
--admin_idle = 1800

-- threads for the chat: 1 is one thread for everything; with more, the rules have one thread and the others share the clients; 0 chooses by the number of processors (0 to 64, threads, restart)
--threads = 0

-- least important lines of the log; the variable RUST_LOG, which filters by module, overrides it ("info", "error", "warn", "debug", "trace")
--log_level = "info"

-- format of the log on standard error: text for people, or an object of JSON in each line for programs ("text", "json")
--log_format = "text"

-- receiver of OpenTelemetry traces by OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces; without one there are no traces (text, restart)
--trace_endpoint = ""

-- share of all commands and HTTP requests that are traced, from 0 to 1 (0 to 1)
--trace_sample = 0.01

-- version text sent to clients in HLO (text)
--version = "fchatd 0.2.0"

-- maximum number of identified connections (1 to 1000000, connections)
--maxusers = 2000

-- maximum number of characters online from one address (IPv6: from one /64 network), including characters whose connection is broken (1 to 1000000, connections)
--max_per_ip = 3

-- time between housekeeping turns (1 to 86400, seconds)
--saveinterval = 300

-- disk space for recordings of all input of the chat, in DIR/recordings, for "fchatd replay"; recordings contain private conversations; 0 turns the recorder off (0 to 65536, MiB, restart)
--recorder = 0

-- continue with a new file when a recording is full, and delete the oldest; each new file restarts the scripts (true, false, restart)
--recorder_goes_on = true

-- trusted reverse proxies, as addresses or CIDR blocks: the server believes the client address in their header (list)
--load_balancers = {}

-- header in which trusted proxies send the client's address: x-forwarded-for, x-real-ip, forwarded, cf-connecting-ip or similar; unset: X-Forwarded-For or X-Real-IP, and the proxy's own address if the two disagree (text)
--proxy_header = ""

-- trusted load balancers, as addresses or CIDR blocks, that begin each connection with the header of the PROXY protocol (version 1 or 2); connections of them without it are closed (list)
--proxy_protocol = {}

-- maximum number of banned networks (fchatd ban) (0 to 100000, bans)
--network_bans_max = 10000

-- maximum number of concurrent HTTP requests of one address (IPv6: of one /64) (1 to 1000000, requests)
--http_requests_per_address = 128

-- maximum number of concurrent uploads: request bodies over 64 KiB, such as pictures (1 to 10000, uploads)
--http_uploads = 32

-- the same for one address (IPv6: for one /64) (1 to 10000, uploads)
--http_uploads_per_address = 8

-- memory for large generated answers, such as pictures, that clients have not read yet; further requests for them are answered with 503 (1024 to 4194304, KiB)
--http_answers = 32768

-- the same for one address (IPv6: for one /64) (256 to 4194304, KiB)
--http_answers_per_address = 4096

-- the only browser origin that may open a WebSocket, such as https://chat.example; desktop and phone apps send the origin null and are refused then (text)
--allowed_origin = ""

-- a host name; its pages may open a WebSocket, such as chat.example (text)
--allowed_origin_host = ""

-- has no effect, as on the classic server: see allowed_origin (text)
--websocketorigin = ""

-- has no effect, as on the classic server: see allowed_origin_host (text)
--websockethost = ""

-- turn the chat log on at the start (true, false, restart)
--log_start = false

-- size at which the action log (DIR/data/actions) begins a new file (1 to 4096, MiB, restart)
--action_log_size = 16

-- age at which the action log begins a new file (1 to 3650, days, restart)
--action_log_days = 30

-- age of its last entry at which a file of the action log is deleted; 0 keeps all files (0 to 36500, days, restart)
--action_log_keep = 0

-- maximum duration of a profile that an administrator has started (1 to 3600, seconds)
--profilelimit = 300

-- TLS

-- PEM files with certificates and their chains, for the tls listeners; clients get the one for the name that they ask for, and otherwise the first; paths are relative to the server's folder (list)
--tls_certificate = {}

-- PEM files with the private keys, in the same order as tls_certificate (list)
--tls_key = {}

-- time for which a browser that has used HTTPS uses nothing else for this host (Strict-Transport-Security); 0: no such header. It can't be taken back before that time (0 to 63072000, seconds)
--hsts = 0

-- host names for which the server gets one certificate from a certificate authority by ACME, and renews it; with this setting you agree to the authority's terms of service (list, restart)
--acme_names = {}

-- address of the authority's ACME directory (text, restart)
--acme_directory = "https://acme-v02.api.letsencrypt.org/directory"

-- mail address that the authority gets with a new account (text, restart)
--acme_contact = ""

-- proof that the names are this server's: a handshake on port 443 of each name, or a request to its port 80; a listener of this server must be reached there ("tls-alpn-01", "http-01", restart)
--acme_challenge = "tls-alpn-01"

-- PEM file with the root certificates of a private authority; unset: those of browsers (text, restart)
--acme_root = ""

-- Connections

-- maximum number of open sockets of one address (IPv6: of one /64 network), with and without a log-in; 0 means 160, or 4 for each connection that max_per_ip allows if that is more (0 to 1000000, sockets)
--sockets_per_ip = 0

-- timeout from the WebSocket handshake to the log-in; then the connection is closed (1 to 3600, seconds)
--identify_timeout = 30

-- maximum number of commands other than IDN before the log-in; then the connection is closed (1 to 1000, commands)
--commands_before_login = 10

-- output buffer for a slow client without a log-in; beyond it the connection is closed (4096 to 16777216, bytes)
--outbox_before_login = 65536

-- input that a connection may send in one turn, before other connections have theirs; a command counts as at least 1 KiB; an eighth of it while the server is busy (8 to 4096, KiB)
--turn_share = 64

-- number of connections that have used up turn_share and are read again after a turn; the others wait for a later turn (1 to 100000, connections)
--turn_connections = 8

-- backpressure: the server reads no commands of a client while more output than this waits for it (65536 to 67108864, bytes)
--unread_max = 524288

-- maximum number of messages held for a character while its connection is broken (resume_grace); the oldest are dropped (0 to 100000, lines)
--resume_lines_max = 500

-- length of the messages that are held for a character while its connection is broken; the oldest are dropped (0 to 67108864, bytes)
--resume_bytes_max = 262144

-- memory for the output that waits for all clients together; beyond it the connections with the largest backlogs are closed; 0 means a quarter of the memory that the process may use (0 to 1048576, MiB)
--backlog_max = 0

-- timeout of a silent connection; clients answer PINs, so it should be several times ping_interval (5 to 3600, seconds)
--silence_timeout = 120

-- Log-in

-- maximum number of concurrent checks by the log-in site; further log-ins wait, up to logintimeout. Log-ins without a log-in site have no such bound (1 to 1000000, checks)
--loginslots = 30

-- timeout of a log-in check (1 to 3600, seconds)
--logintimeout = 30

-- maximum number of waiting log-in checks; beyond it those of the address with the most fail (ERR -4) (1 to 1000000, checks)
--login_checks_waiting = 20000

-- http:// or https:// address of the log-in site; without it the server keeps the accounts itself (text, restart)
--login_url = ""

-- maximum number of connections to the log-in site; if it is smaller than loginslots, it also bounds the concurrent checks (1 to 10000, checks)
--login_connection_pool = 15

-- Accounts that the server keeps itself

-- registration on the page: for all visitors (open), with an invitation code (invitation), or not at all (closed) ("open", "invitation", "closed")
--registration = "open"

-- accounts one address may make at once; then one more every 20 minutes (1 to 1000000, accounts)
--registrations_per_address = 3

-- maximum number of valid tickets of an account (1 to 1000, tickets)
--tickets_per_account = 8

-- lifetime of a ticket; clients can renew a valid ticket, until session_max (1 to 10080, minutes)
--ticket_lifetime = 30

-- time after which the password has to be entered again: until then a ticket can be renewed (1 to 87600, hours)
--session_max = 168

-- time after its last use at which a device that stays signed in to the page is signed out; 0 switches staying signed in off (0 to 87600, hours)
--stay_signed_in = 720

-- devices of one account that stay signed in to the page; the one that was used least recently is signed out for a new one (1 to 1000, devices)
--devices_per_account = 20

-- log-ins to one account from one address at once, successful ones too; then one every 2 seconds, and further ones wait (1 to 1000000, log-ins)
--logins_per_account = 120

-- log-ins from one address at once, successful ones too; then 50 a second, and further ones wait (1 to 1000000, log-ins)
--logins_per_address = 1000

-- wrong passwords from one address at once; then one every 30 seconds (1 to 1000000, passwords)
--wrong_passwords_per_address = 10

-- wrong passwords for one account at once, from addresses from which it has not logged in lately; then one every minute (1 to 1000000, passwords)
--wrong_passwords_per_account = 20

-- invalid tickets from one address at once; then one every 5 seconds (1 to 1000000, tickets)
--bad_tickets_per_address = 60

-- requests from one address at once, pictures included; then 50 a second (1 to 100000000, requests)
--account_requests_per_address = 2000

-- requests with the tickets of one account at once that only read; then 10 a second (1 to 100000000, requests)
--account_reads = 400

-- requests with the tickets of one account at once that change something; then one a second (1 to 100000000, requests)
--account_changes = 60

-- characters of one account (1 to 10000, characters)
--characters_per_account = 50

-- characters that one account bookmarks (0 to 100000, characters)
--bookmarks_per_account = 2000

-- friends and open requests of one character (0 to 5000, characters)
--friends_per_character = 500

-- reports with logs by one account at once; then one every minute (1 to 1000000, reports)
--reports_per_account = 5

-- reports with logs that are kept; the oldest make room for new ones (1 to 1000000, reports)
--reports_max = 5000

-- length of a note (1 to 65536, bytes)
--note_max = 32768

-- notes by one account at once; then one every 30 seconds (1 to 1000000, notes)
--notes_per_account = 10

-- notes by one account in a day: so many at once, which return evenly over 24 hours (1 to 86400, notes)
--notes_per_day = 100

-- characters that one account writes notes to in a day: so many at once, which return evenly over 24 hours (1 to 86400, characters)
--note_recipients_per_day = 30

-- notes in the inbox of a character, and as many in its outbox; 0 turns notes off (0 to 100000, notes)
--notes_per_character = 500

-- size of all notes in the inbox of a character; the same for its outbox (64 to 1048576, KiB)
--note_box_size = 4096

-- unread notes of one account in the inbox of one character (1 to 100000, notes)
--notes_unread_per_sender = 20

-- access to the profile pages at /c/NAME: people who are signed in on the website (login), all visitors (public), or none (off) ("login", "public", "off")
--profile_pages = "login"

-- sessions of the website of one account; the one that was used least recently ends for a new one (1 to 1000, sessions)
--site_sessions_per_account = 16

-- sessions of the website of all accounts; the one that was used least recently ends for a new one (100 to 1000000, sessions)
--site_sessions_max = 10000

-- time after its last use at which a session of the website ends; it ends after session_max in any case (0.1 to 8760, hours)
--site_session_idle = 24

-- maximum number of passwords that wait for their check; beyond it the newest of the address with the most is answered with status 503 (16 to 1000000, passwords)
--passwords_waiting = 4096

-- maximum wait of a log-in for its password check, long enough for all people to reconnect after a restart; then it is answered with status 503; a reverse proxy must wait longer than this (1 to 120, seconds)
--password_patience = 55

-- threads that check passwords, at a lower priority than the chat; 0 means as many as there are processors on one to three, else three quarters of them, at most 8 (0 to 64, threads, restart)
--password_threads = 0

-- memory for the check of one password (Argon2id); with less memory a check makes more passes, as OWASP recommends (7 to 1024, MiB, restart)
--password_memory = 19

-- names that are refused for new accounts and characters, with all names that look the same; the command line may use them (list)
--reserved_names = {"Admin", "Administrator", "Moderator", "Mod", "Operator", "System", "Server", "Staff", "Support", "Helpdesk", "Official", "Webmaster", "Console", "Root", "Everyone", "Fchatd"}

-- minimum age of an account for making rooms and posting ads; 0 for none. The staff is exempt (0 to 8760, hours)
--min_account_age = 0

-- Signing in by an identity provider and by passkeys

-- the address of the page as people open it, such as https://chat.example.org; needed for passkeys and with oidc_issuer (text, restart)
--site_address = ""

-- the identity provider (OpenID Connect) through which people can sign in, such as https://accounts.example.org; exactly as the provider writes it (text, restart)
--oidc_issuer = ""

-- the name by which the provider knows this site; needed with oidc_issuer. The address to register there is site_address followed by /oidc/return (text, restart)
--oidc_client_id = ""

-- the secret by which the provider knows this site; without it the site is a public client (text, restart)
--oidc_client_secret = ""

-- the provider's name on the button of the page; without it the host of oidc_issuer (text, restart)
--oidc_name = ""

-- the scopes to ask the provider for beside openid: they give the names by which people recognise their identity (list, restart)
--oidc_scopes = {"email", "profile"}

-- accounts for people whom the provider confirms and who have none here: for all of them (open), with an invitation code (invitation), or not at all (closed); registration has no effect on it, but its pause has ("open", "invitation", "closed", restart)
--oidc_register = "open"

-- Limits of texts and lists

-- length of a message in a public channel (1 to 524288, bytes)
--msg_max = 4096

-- length of a private message, or of a message in a room (1 to 524288, bytes)
--priv_max = 50000

-- length of an ad (1 to 524288, bytes)
--lfrp_max = 50000

-- length of a channel description (1 to 524288, bytes)
--cds_max = 50000

-- moderators of a channel, beside its owner (1 to 10000, names)
--channel_moderators_max = 100

-- bans and timeouts of a channel; the staff may add more, up to channel_bans_staff_max (1 to 10000, names)
--channel_bans_max = 300

-- bans and timeouts of a channel, also for the staff (1 to 10000, names)
--channel_bans_staff_max = 1000

-- bans, timeouts and hell-bans by the names of characters whose accounts are not known (1 to 1000000, names)
--name_bans_max = 10000

-- longest timeout from a channel or the server; the default is ten years (1 to 52560000, minutes)
--timeout_max = 5256000

-- length of the reason that a moderator gives (1 to 65536, bytes)
--reason_max = 1000

-- global moderators, and as many super moderators (1 to 10000, names)
--global_moderators_max = 1000

-- names that the characters of an account may ignore (1 to 10000, names)
--ignores_max = 300

-- invitations of a room; when it is full, those of offline characters are dropped (1 to 10000, names)
--invitations_max = 1000

-- length of a report to the staff (1 to 524288, bytes)
--staffcall_max = 10240

-- open reports of one account (1 to 1000, reports)
--staffcalls_per_account = 3

-- all open reports; when there are more, the newest reports of the sender with the most bytes are dropped (1 to 100000, reports)
--staffcalls_max = 1000

-- open reports that a moderator gets in one second; the others follow (1 to 10000, reports)
--staffcalls_page = 50

-- all open reports together; when it is full, the newest reports of the sender with the most bytes are dropped (4096 to 67108864, bytes)
--staffcalls_bytes = 1048576

-- Flood protection

-- time between two messages of a character (0 to 86400, seconds)
--msg_flood = 0.5

-- time between two changes of status (0 to 86400, seconds)
--sta_flood = 5

-- time between two changes of a topic by a character (0 to 86400, seconds)
--topic_flood = 5

-- time between two ads of a character in a channel (0 to 604800, seconds)
--lfrp_flood = 600

-- time between two requests for kinks (0 to 86400, seconds)
--kinks_flood = 10

-- time between two requests for profiles (0 to 86400, seconds)
--profile_flood = 10

-- time between two searches, for scripts that ask; FKS itself always allows one in 5 seconds (0 to 86400, seconds)
--find_flood = 10

-- time between two reports to the staff (0 to 86400, seconds)
--staffcall_flood = 120

-- time between two notices (IGN notify) to an ignored character (0 to 86400, seconds)
--ignore_flood = 30

-- rate limit of plain commands of an account; a command with many recipients or much output counts as several; 0 for no limit (0 to 1000000, commands per second)
--command_rate = 10

-- plain commands that an account may send at once before command_rate applies (1 to 1000000000, commands)
--command_burst = 300

-- maximum number of waiting commands of a connection, other than messages (because of command_rate, or behind a message) (1 to 100000, commands)
--commands_waiting_max = 100

-- maximum number of delayed messages of a connection (flood_mode) (1 to 1000, messages)
--messages_waiting_max = 5

-- length of all commands of a connection that wait (1024 to 16777216, bytes)
--waiting_bytes_max = 262144

-- lists of moderators (COL) that are sent to a whole channel at once before moderator_lists_pause applies (1 to 10000, lists)
--moderator_lists_burst = 20

-- time between two lists of moderators (COL) to a whole channel; changes meanwhile are combined; 0 for no limit (0 to 3600, seconds)
--moderator_lists_pause = 1

-- maximum number of offline accounts with remembered rate limits; the limits that end first are forgotten first (1000 to 10000000, accounts)
--people_remembered_max = 100000

-- log-ins of an account at once before login_pause applies (1 to 1000000, log-ins)
--login_burst = 20

-- time between two log-ins of an account in the long run; 0 for no limit (0 to 3600, seconds)
--login_pause = 5

-- maximum wait of a log-in for login_pause; a log-in that would wait longer is refused (0 to 300, seconds)
--login_wait_max = 15

-- log-ins of the whole server that wait for login_pause; further ones are refused (1 to 100000, log-ins)
--logins_waiting_max = 1000

-- time between two invitations of the same character to the same room by the same account; 0 for no limit (0 to 86400, seconds)
--invitation_flood = 60

-- invitations that an account may send to one character, for different rooms, within invitation_flood (1 to 10000, invitations)
--invitations_per_recipient = 5

-- invitations that an account may send within invitation_flood (1 to 10000, invitations)
--invitations_per_account = 500

-- time between two rooms that an account makes, after room_burst at once; 0 for no limit (0 to 86400, seconds)
--room_flood = 15

-- rooms that an account may make at once before room_flood applies (1 to 1000000, rooms)
--room_burst = 5

-- maximum number of existing rooms that an account has made (1 to 1000000, rooms)
--rooms_per_account = 20

-- rooms of the whole server, private and open ones (1 to 10000000, rooms)
--rooms_max = 10000

-- maximum length of the lists of channels (CHA) and open rooms (ORS); beyond it the channels with the fewest members are left out (1024 to 16777216, bytes)
--channel_list_max = 262144

-- Rules

-- phrase filter: messages and notes with one of these phrases are not delivered (list)
--blacklist_phrases = {}

-- grant the rights of super moderators to the names in their list (SCP, scops.json); otherwise only the log-in check appoints them, as on the classic server (true, false)
--super_moderator_list = false

-- the genders that a character can have; others become None (list)
--genders = {"None", "Male", "Female", "Transgender", "Herm", "Shemale", "Male-Herm", "Cunt-boy"}

-- Scripts

-- stop scripts that run too long (true, false)
--luaenabletimeout = true

-- time limit for one call of a script (0.001 to 60, seconds)
--luatimeout = 0.25

-- time limit for further calls right after one that ran too long (0.001 to 60, seconds)
--luarepeattimeout = 0.05

-- memory for the script (4 to 65536, MiB)
--luamemory = 64

-- memory for the data that scripts store with one connection: friends, ignored names, info tags, kinks, roles and setMiscData (16 to 1048576, KiB)
--luaconnectiondata = 1024

-- probation of reloaded scripts, and for at least 100 calls: when they fail, the previous scripts return; 0 for no probation (0 to 86400, seconds)
--script_probation = 60

-- failures of one function, in at least half of its calls, that end the probation; functions that failed before the reload do not count (1 to 1000, failures)
--script_probation_failures = 3

-- maximum number of administrators with trial rules (ZZZ isolate) (0 to 100, administrators)
--isolatedmax = 4

-- time limit for one call of trial rules; after a longer call they pause for 2 seconds (0.001 to 60, seconds)
--isolatedtimeout = 0.1

-- memory for the trial rules of one administrator (4 to 65536, MiB)
--isolatedmemory = 16

-- Neighbours

-- real-time bridge: accept orders from a website by UDP on port + 1 (true, false, restart)
--enablertb = false

-- IP address of the website; loopback addresses may always send (text, restart)
--rtbaddress = "127.0.0.1"

-- the secret that the website signs with; needed with enablertb (text, restart)
--rtbsecret = ""

-- accept the classic signature too, which can be replayed; v2 is always accepted (true, false, restart)
--rtbclassic = true

-- commands of the bridge that your own scripts answer (rtb.XYZ), beside RTB, HLB, KIK and CDL; all others are refused (list, restart)
--rtb_commands = {}

-- write the characters online, ignore lists and actions of moderators to Redis (true, false, restart)
--enableredis = false

-- host name or IP address of the Redis (text, restart)
--redishost = "127.0.0.1"

-- TCP port of the Redis (1 to 65535, restart)
--redisport = 6379

-- password of the Redis; without one none is sent (text, restart)
--redispass = ""

-- Unix socket for readers of the chat log, relative to DIR; without it the chat log cannot be read (see log_start) (text, restart)
--log_socket_path = ""

-- address to which confirmed reports with a log are posted (text)
--handle_report_url = ""

-- the secret that is posted with them (text)
--handle_report_secret = ""

-- hosts that scripts may reach by http.get and http.post, beside the host of handle_report_url: host names, *.domains, addresses and CIDR blocks, with or without :PORT; * is every public host (list)
--http_hosts = {}

-- timeout of such a request: once for its turn, and again for its answer (0.1 to 3600, seconds)
--http_timeout = 30

-- maximum length of the answer to such a request (1 to 4096, KiB)
--http_answer_max = 256

-- maximum number of such requests in progress, half of them with one host (1 to 1000, questions)
--http_parallel = 16

-- maximum number of such requests in progress or waiting (1 to 100000, questions)
--http_open = 1000

-- maximum number of such requests in one call of a script (1 to 10000, questions)
--http_per_call = 20

-- receivers of webhooks: pairs of an event (report, action, users>NUMBER, users<NUMBER) and an http:// or https:// address, separated by spaces or line breaks (text, restart)
--webhooks = ""

-- the secret that webhooks are signed with; needed with webhooks (text, restart)
--webhook_secret = ""

-- maximum number of deliveries that wait on disk for their receivers; beyond it the oldest are dropped (1 to 1000000, deliveries, restart)
--webhook_queue = 10000

-- time after which an undelivered webhook is dropped (1 to 8760, hours, restart)
--webhook_keep = 72

-- Edges on other machines

-- task of this process (docs/cluster.md): "all" is a whole server; "core" has the rules and the state, and no clients; "edge" has clients, and a core elsewhere ("all", "core", "edge", restart)
--role = "all"

-- name of this process in the cluster; each edge needs a name of its own; empty means the host name (text, restart)
--node = ""

-- addresses of all cores, as HOST:PORT: an edge is connected to all of them, and a core with a standby finds the other one here; the own address may be among them (list, restart)
--cores = {}

-- for a core: IP address on which edges connect; it must not be reachable from the internet (text, restart)
--cluster_bind = "0.0.0.0"

-- for a core: TCP port on which edges connect; 0 takes any free port (0 to 65535, restart)
--cluster_port = 9730

-- for a core: how it is decided which core leads (docs/cluster.md); "manual" means by the operator, "etcd", "postgres" and "nats" by a program of this kind (see cluster_engine); empty means that there is no second core (text, restart)
--cluster = ""

-- for a core: addresses of the engine's servers; for etcd such as http://10.0.0.1:2379, one for each member; for NATS such as nats://10.0.0.1:4222 or tls://10.0.0.1:4222; for PostgreSQL a connection string for each server, such as postgres://10.0.0.1:5432/chat, without a password (list, restart)
--cluster_engine = {}

-- for a core: name of the cluster in the engine, which other clusters may share; the same on all cores (text, restart)
--cluster_name = "chat"

-- for a core: user of the engine; empty means none for etcd and NATS, and the one of the connection string for PostgreSQL (text, restart)
--cluster_engine_user = ""

-- for a core: password of this user (text, restart)
--cluster_engine_password = ""

-- for a core: file in the server's folder with the certificates (PEM) of the authority that signed those of the engine's servers; empty means the authorities that browsers trust, and for PostgreSQL no TLS unless its connection string has sslmode=require (text, restart)
--cluster_engine_ca = ""

-- for a core with a standby: where accounts are; "elsewhere" needs login_url; with "leader-only" the accounts of this machine are not on the other one, and are missing there when it leads ("elsewhere", "leader-only", restart)
--cluster_accounts = "elsewhere"

-- file in the server's folder with the certificate and the key of the cluster, which "fchatd cluster key" makes; the same on all nodes (text, restart)
--cluster_key = "cluster.pem"

-- connections of the cluster without TLS; on loopback addresses only (true, false, restart)
--cluster_plain = false

-- silence after which the other side of a cluster connection counts as gone; a core logs the people of a lost edge as away after this time (0.3 to 60, seconds)
--cluster_silence = 1.5

-- time for which an edge keeps its clients connected without a core; then it closes them (code 1012) (1 to 600, seconds)
--cluster_patience = 15

-- Beyond the classic server

-- time that a character stays online after its connection broke, and again time to rejoin its channels after its return; 0 logs it off at once (0 to 3600, seconds)
--resume_grace = 60

-- time that a character stays online after its browser reloads or leaves the page (close code 1001); 0 logs it off at once, and so does resume_grace = 0 (0 to 3600, seconds)
--reload_grace = 15

-- a message that is sent too early (msg_flood) is delayed ("delay") or refused ("reject") ("delay", "reject")
--flood_mode = "delay"

-- time that a room lives on after the connection of its last member broke; 0 ends it at once (0 to 86400, seconds)
--room_grace = 300

-- ignore the status "offline", which clients send after a failed reconnect, instead of taking it as "online" (true, false)
--status_restore = true

-- add the command, channel and character to ERR (true, false)
--error_context = true

-- do not deliver private messages of ignored people; the sender gets ERR 20 (true, false)
--ignore_on_server = true

-- number of takeovers of a character by another connection; beyond it the newcomer is refused; 0 for no limit (0 to 1000, in a minute)
--takeover_limit = 5

-- [ads: 30min] in the description of a channel sets the minimum time between two ads there (true, false)
--ad_intervals = true

-- extend bans and timeouts in channels to every character of the account (true, false)
--channel_ban_accounts = true

-- allow bans, timeouts and hell-bans of accounts by the name of an offline character (true, false)
--offline_bans = true

-- administrators receive reports, are in the list of the staff (ADL) and join the staff room at the log-in, like global moderators (true, false)
--administrators_on_staff = true

-- number of logged-off characters that are remembered with their accounts, so that moderators can ban them by name (0 to 1000000, characters)
--recent_characters = 10000

-- time between two PINs; clients give up after 90 seconds without one (1 to 80, seconds)
--ping_interval = 30

-- output buffer for a slow client; beyond it the connection is closed (65536 to 1000000000, bytes)
--outbox_max = 16777216

-- compress for clients that offer it (permessage-deflate); for new connections (true, false)
--deflate = true

-- messages shorter than this are not compressed: they gain little (0 to 1000000, bytes)
--deflate_min = 512

-- maximum number of open sockets, with and without a log-in (1 to 10000000, sockets)
--maxconnections = 100000

-- write to many sockets with one system call (io_uring), where the system permits it (true, false, restart)
--io_uring = true

-- graceful shutdown: minimum time over which connections are closed, so that clients do not all reconnect at once; longer, up to drain_time_max, if checking all passwords takes longer than password_patience; 0 closes all at once (0 to 600, seconds)
--drain_time = 5

-- maximum time over which connections are closed when the server stops or restarts (0 to 600, seconds)
--drain_time_max = 60

-- "classic" turns off the improvements over the classic server, except keys that are set explicitly ("classic", restart)
--compat = ""

-- The settings of this server, with their defaults. Take the two dashes away from what you want to change,
-- and save the file as script/startup_config.lua. "fchatd check" says what is wrong with it; a running
-- server reads it again on RLD of an administrator and on SIGHUP. What says "restart" waits for a restart.

-- The server

-- the IP address to listen on, such as 127.0.0.1, or the name of a host, which is resolved; 0.0.0.0 is every address of the machine (text, restart)
--bindaddr = "127.0.0.1"

-- the TCP port to listen on; 0 takes any free one (0 to 65535, restart)
--port = 9722

-- threads that serve the chat: with 1 it does everything, with more the rules have one and the clients are shared out among the others; 0 chooses by the number of processors (0 to 64, threads, restart)
--threads = 0

-- the version told to clients in HLO (text)
--version = "fchatd 0.1.0"

-- identified connections at once (1 to 1000000, connections)
--maxusers = 2000

-- characters online from one address (IPv6: from one network of 64 bits) at once, also those that are away (1 to 1000000, connections)
--max_per_ip = 3

-- time between housekeeping turns (1 to 86400, seconds)
--saveinterval = 300

-- room for recordings of all that goes into the chat, in DIR/recordings, for "fchatd replay"; they hold what people say; 0 records nothing (0 to 65536, MiB, restart)
--recorder = 0

-- whether a full recording is followed by another one, and the oldest are deleted; the scripts are started afresh with each (true, false, restart)
--recorder_goes_on = true

-- trusted proxies, as addresses or CIDR blocks: what they tell of their clients' addresses is believed (list)
--load_balancers = {}

-- the one header in which trusted proxies tell the client's address: x-forwarded-for, x-real-ip, forwarded, cf-connecting-ip or the like; unset: X-Forwarded-For or X-Real-IP, and the proxy's own address where the two disagree (text)
--proxy_header = ""

-- banned networks at once (fchatd ban) (0 to 100000, bans)
--network_bans_max = 10000

-- HTTP requests of one address (IPv6: of one /64) that are worked on at once (1 to 1000000, requests)
--http_requests_per_address = 128

-- request bodies over 64 KiB, such as pictures, that are on their way at once (1 to 10000, uploads)
--http_uploads = 32

-- those of one address (IPv6: of one /64) (1 to 10000, uploads)
--http_uploads_per_address = 8

-- answers over 32 KiB that are made for one request, such as pictures, and that clients have not read yet; further requests for them are answered with 503 (1024 to 4194304, KiB)
--http_answers = 32768

-- those of one address (IPv6: of one /64) (256 to 4194304, KiB)
--http_answers_per_address = 4096

-- the only browser origin that may open a WebSocket, such as https://chat.example; desktop and phone apps send the origin null and are refused then (text)
--allowed_origin = ""

-- a host name whose pages may open a WebSocket, such as chat.example (text)
--allowed_origin_host = ""

-- has no effect, as on the classic server: see allowed_origin (text)
--websocketorigin = ""

-- has no effect, as on the classic server: see allowed_origin_host (text)
--websockethost = ""

-- whether what is said goes to the chat log from the start (true, false, restart)
--log_start = false

-- the action log (DIR/data/actions) goes on in a new file when one has so much (1 to 4096, MiB, restart)
--action_log_size = 16

-- the action log goes on in a new file when one is so old (1 to 3650, days, restart)
--action_log_days = 30

-- files of the action log whose last entry is so old are deleted; 0 keeps all (0 to 36500, days, restart)
--action_log_keep = 0

-- after which a profile that an administrator has started ends by itself (1 to 3600, seconds)
--profilelimit = 300

-- Connections

-- open sockets of one address (IPv4, or an IPv6 network of 64 bits) at once, logged in or not; 0 is 160, or 4 for each connection that max_per_ip allows if that is more (0 to 1000000, sockets)
--sockets_per_ip = 0

-- time from the WebSocket handshake to the log-in; then the connection is closed, whatever it sends (1 to 3600, seconds)
--identify_timeout = 30

-- the connection is closed at so many commands other than IDN before the log-in (1 to 1000, commands)
--commands_before_login = 10

-- what may wait for a client that reads slowly and has not logged in; then it is cut off (4096 to 16777216, bytes)
--outbox_before_login = 65536

-- commands that a connection may send before others have their turn; a command counts as at least 1 KiB; an eighth of it while the server is busy (8 to 4096, KiB)
--turn_share = 64

-- connections that have used up turn_share and are read on after a turn; the others wait for a later turn (1 to 100000, connections)
--turn_connections = 8

-- the commands of a client that takes its frames too slowly are not read while more than this waits for it (65536 to 67108864, bytes)
--unread_max = 524288

-- messages that are held for a character while its connection is broken (resume_grace); the oldest are dropped (0 to 100000, lines)
--resume_lines_max = 500

-- length of the messages that are held for a character while its connection is broken; the oldest are dropped (0 to 67108864, bytes)
--resume_bytes_max = 262144

-- what may wait for all clients together, as memory: beyond it the connections with the largest backlogs are cut off; 0 is a quarter of the memory that the process may use (0 to 1048576, MiB)
--backlog_max = 0

-- a connection from which nothing comes for so long is closed; clients answer PINs, so it should be several times ping_interval (5 to 3600, seconds)
--silence_timeout = 120

-- Log-in

-- log-in checks that are with the log-in site at once; the others wait their turn, up to logintimeout. Log-ins for which no site is asked have no such bound (1 to 1000000, checks)
--loginslots = 30

-- time for one log-in check (1 to 3600, seconds)
--logintimeout = 30

-- log-in checks that wait for their turn; beyond it those of the address with the most fail (ERR -4) (1 to 1000000, checks)
--login_checks_waiting = 20000

-- the http:// or https:// address of the site that checks log-ins; without it the server keeps accounts itself (text, restart)
--login_url = ""

-- connections to the log-in site; with fewer of them than loginslots, fewer checks are with the site at once (1 to 10000, checks)
--login_connection_pool = 15

-- Accounts that the server keeps itself

-- who may make an account on the page: everybody (open), who has an invitation's code (invitation), or nobody (closed) ("open", "invitation", "closed")
--registration = "open"

-- accounts one address may make at once; then one more every 20 minutes (1 to 1000000, accounts)
--registrations_per_address = 3

-- tickets of an account that are good side by side (1 to 1000, tickets)
--tickets_per_account = 8

-- time for which a ticket is good; clients get a new one for a ticket that is good, until session_max (1 to 10080, minutes)
--ticket_lifetime = 30

-- time after which the password has to be entered again: until then a ticket can be renewed (1 to 87600, hours)
--session_max = 168

-- log-ins to one account from one address at once, good ones too; then one every 2 seconds, for which the next ones wait (1 to 1000000, log-ins)
--logins_per_account = 120

-- log-ins from one address at once, good ones too; then 50 a second, for which the next ones wait (1 to 1000000, log-ins)
--logins_per_address = 1000

-- wrong passwords from one address at once; then one every 30 seconds (1 to 1000000, passwords)
--wrong_passwords_per_address = 10

-- wrong passwords for one account at once, from addresses from which it has not logged in lately; then one every minute (1 to 1000000, passwords)
--wrong_passwords_per_account = 20

-- tickets from one address at once that are not good; then one every 5 seconds (1 to 1000000, tickets)
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

-- notes by one account in a day: so many at once, which come back evenly in the course of 24 hours (1 to 86400, notes)
--notes_per_day = 100

-- characters that one account writes notes to in a day: so many at once, which come back evenly in the course of 24 hours (1 to 86400, characters)
--note_recipients_per_day = 30

-- notes in the inbox of a character, and as many in its outbox; with 0 nobody can write notes (0 to 100000, notes)
--notes_per_character = 500

-- size of all notes in the inbox of a character; the same for its outbox (64 to 1048576, KiB)
--note_box_size = 4096

-- unread notes of one account in the inbox of one character (1 to 100000, notes)
--notes_unread_per_sender = 20

-- the people who may see the profiles of characters at /c/NAME: those who are signed in on the website (login), everybody (public), or nobody (off) ("login", "public", "off")
--profile_pages = "login"

-- sessions of the website of one account; the one that was used least recently ends for a new one (1 to 1000, sessions)
--site_sessions_per_account = 16

-- sessions of the website of all accounts; the one that was used least recently ends for a new one (100 to 1000000, sessions)
--site_sessions_max = 10000

-- time after its last use at which a session of the website ends; it ends after session_max in any case (0.1 to 8760, hours)
--site_session_idle = 24

-- passwords that may wait for their turn to be checked; when there are more, the newest of the address with the most is answered with status 503 (16 to 1000000, passwords)
--passwords_waiting = 4096

-- time that a log-in may wait for its turn, so that everybody who comes back after a restart is let in; then it is answered with status 503; a reverse proxy has to wait longer than this (1 to 120, seconds)
--password_patience = 55

-- threads that check passwords, at a lower priority than the chat; 0 means as many as there are processors on one to three, else three quarters of them, at most 8 (0 to 64, threads, restart)
--password_threads = 0

-- memory that the check of one password takes; with less of it a check makes more passes, as OWASP advises (7 to 1024, MiB, restart)
--password_memory = 19

-- names that people may not give to an account or a character, nor names that look the same; the command line may (list)
--reserved_names = {"Admin", "Administrator", "Moderator", "Mod", "Operator", "System", "Server", "Staff", "Support", "Helpdesk", "Official", "Webmaster", "Console", "Root", "Everyone", "Fchatd"}

-- age that an account must have to make rooms and post ads; 0 for any. Staff may always (0 to 8760, hours)
--min_account_age = 0

-- Limits of what is said

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

-- the longest timeout from a channel or the server; ten years unless this says otherwise (1 to 52560000, minutes)
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

-- time between two notes to somebody that one ignores them (0 to 86400, seconds)
--ignore_flood = 30

-- plain commands that an account may send in the long run; one that many people hear, or that sends much, counts as several; 0 for no limit (0 to 1000000, commands per second)
--command_rate = 10

-- plain commands that an account may send at once before command_rate holds it back (1 to 1000000000, commands)
--command_burst = 300

-- commands of a connection, other than messages, that wait because of command_rate or behind a message (1 to 100000, commands)
--commands_waiting_max = 100

-- messages of a connection that wait because they were sent too early (flood_mode) (1 to 1000, messages)
--messages_waiting_max = 5

-- length of all commands of a connection that wait (1024 to 16777216, bytes)
--waiting_bytes_max = 262144

-- lists of moderators (COL) that are sent to a whole channel at once before moderator_lists_pause holds them back (1 to 10000, lists)
--moderator_lists_burst = 20

-- time between two lists of moderators (COL) that are sent to a whole channel; changes meanwhile are told in one; 0 for no limit (0 to 3600, seconds)
--moderator_lists_pause = 1

-- accounts whose limits are remembered while they are offline; those whose limits end first are forgotten first (1000 to 10000000, accounts)
--people_remembered_max = 100000

-- log-ins of an account at once before login_pause holds them back (1 to 1000000, log-ins)
--login_burst = 20

-- time between two log-ins of an account in the long run; 0 for no limit (0 to 3600, seconds)
--login_pause = 5

-- a log-in that comes too early waits so long at most; one that had to wait longer is refused (0 to 300, seconds)
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

-- rooms that an account may make at once before room_flood holds it back (1 to 1000000, rooms)
--room_burst = 5

-- rooms that an account has made and that are still there (1 to 1000000, rooms)
--rooms_per_account = 20

-- rooms of the whole server, private and open ones (1 to 10000000, rooms)
--rooms_max = 10000

-- length of the lists of channels (CHA) and of open rooms (ORS); beyond it those with the fewest members are left out (1024 to 16777216, bytes)
--channel_list_max = 262144

-- Rules

-- messages and notes with one of these phrases are swallowed (list)
--blacklist_phrases = {}

-- whether the list of super moderators (SCP, scops.json) gives its names their rights; otherwise only the log-in check does, as on the classic server (true, false)
--super_moderator_list = false

-- the genders that a character can have; others become None (list)
--genders = {"None", "Male", "Female", "Transgender", "Herm", "Shemale", "Male-Herm", "Cunt-boy"}

-- Scripts

-- whether scripts are stopped when they run too long (true, false)
--luaenabletimeout = true

-- time for one call of a script (0.001 to 60, seconds)
--luatimeout = 0.25

-- time for further calls right after one that ran too long (0.001 to 60, seconds)
--luarepeattimeout = 0.05

-- memory for the script (4 to 65536, MiB)
--luamemory = 64

-- what scripts can have the server keep with one connection: friends, ignored names, info tags, kinks, roles and setMiscData (16 to 1048576, KiB)
--luaconnectiondata = 1024

-- scripts that were read again are on probation so long, and for 100 calls: when they fail, the ones before them come back; 0 for no probation (0 to 86400, seconds)
--script_probation = 60

-- a function of such scripts may fail less often than this, or in less than half of its calls; functions that failed before do not count (1 to 1000, failures)
--script_probation_failures = 3

-- who may try out rules of their own at once (ZZZ isolate) (0 to 100, administrators)
--isolatedmax = 4

-- time for one call of such rules; after one that took longer they rest for 2 seconds (0.001 to 60, seconds)
--isolatedtimeout = 0.1

-- memory for such rules, for each who tries some out (4 to 65536, MiB)
--isolatedmemory = 16

-- Neighbours

-- whether a website may talk to people who are online, by UDP on port + 1 (true, false, restart)
--enablertb = false

-- the IP address of the website; loopback may always send (text, restart)
--rtbaddress = "127.0.0.1"

-- the secret that the website signs with; needed with enablertb (text, restart)
--rtbsecret = ""

-- whether the bridge takes the classic signature too, which can be replayed; v2 is always taken (true, false, restart)
--rtbclassic = true

-- commands of the bridge that your own scripts answer (rtb.XYZ), beside RTB, HLB, KIK and CDL; all others are refused (list, restart)
--rtb_commands = {}

-- whether a Redis is told who is online, whom accounts ignore, and what moderators do (true, false, restart)
--enableredis = false

-- host name or IP address of the Redis (text, restart)
--redishost = "127.0.0.1"

-- TCP port of the Redis (1 to 65535, restart)
--redisport = 6379

-- password of the Redis; without one none is sent (text, restart)
--redispass = ""

-- a Unix socket on which the chat log can be read, relative to DIR; without one nobody can (see log_start) (text, restart)
--log_socket_path = ""

-- where confirmed reports with a log are posted (text)
--handle_report_url = ""

-- the secret that is posted with them (text)
--handle_report_secret = ""

-- whom scripts may ask by http.get and http.post, beside the host of handle_report_url: host names, *.domains, addresses and CIDR blocks, with :PORT or without; * is every public host (list)
--http_hosts = {}

-- how long such a question may wait for its turn, and then again for its answer (0.1 to 3600, seconds)
--http_timeout = 30

-- the longest answer to such a question (1 to 4096, KiB)
--http_answer_max = 256

-- such questions that are with web servers at once, half of them with one host (1 to 1000, questions)
--http_parallel = 16

-- such questions that are with web servers or wait for their turn (1 to 100000, questions)
--http_open = 1000

-- such questions that one call of a script may ask (1 to 10000, questions)
--http_per_call = 20

-- who is told of what: pairs of an event (report, action, users>NUMBER, users<NUMBER) and an http:// or https:// address, with spaces or line breaks between (text, restart)
--webhooks = ""

-- the secret that webhooks are signed with; needed with webhooks (text, restart)
--webhook_secret = ""

-- deliveries that may wait on disk for receivers that are away; then the oldest are dropped (1 to 1000000, deliveries, restart)
--webhook_queue = 10000

-- after which a delivery that no receiver took is dropped (1 to 8760, hours, restart)
--webhook_keep = 72

-- Beyond the classic server

-- a character whose connection broke stays online so long, and so long it has for its channels when it is back; 0 logs it off at once (0 to 3600, seconds)
--resume_grace = 60

-- a character whose browser reloads or leaves the page (close code 1001) stays online so long; 0 logs it off at once, and so does resume_grace = 0 (0 to 3600, seconds)
--reload_grace = 15

-- a message that comes too early (msg_flood) waits its turn ("delay"), or is an error ("reject") ("delay", "reject")
--flood_mode = "delay"

-- a room whose last member's connection broke lives on so long; 0 ends it at once (0 to 86400, seconds)
--room_grace = 300

-- whether the status "offline", which clients send after a failed reconnect, is ignored instead of taken as "online" (true, false)
--status_restore = true

-- whether ERR also tells the command, channel and character that it is about (true, false)
--error_context = true

-- whether people hear nothing of whom they ignore; the sender gets ERR 20 (true, false)
--ignore_on_server = true

-- a character can be taken over so often by another connection, then the newcomer is refused; 0 for no limit (0 to 1000, in a minute)
--takeover_limit = 5

-- whether [ads: 30min] in the description of a channel is the least time between two ads there (true, false)
--ad_intervals = true

-- whether bans and timeouts of channels keep out every character of the account (true, false)
--channel_ban_accounts = true

-- whether accounts can be banned, timed out and hell-banned by the name of a character that is not online (true, false)
--offline_bans = true

-- whether administrators hear reports, are in the list of the staff (ADL) and come into the staff room at the log-in, as global moderators do (true, false)
--administrators_on_staff = true

-- so many characters that have left are remembered with their accounts, so that moderators can ban them by name (0 to 1000000, characters)
--recent_characters = 10000

-- time between two PINs; clients give up after 90 seconds without one (1 to 80, seconds)
--ping_interval = 30

-- what may wait for a client that reads slowly; then it is cut off (65536 to 1000000000, bytes)
--outbox_max = 16777216

-- whether clients that offer compression (permessage-deflate) get it; for new connections (true, false)
--deflate = true

-- messages shorter than this are not compressed: they gain little (0 to 1000000, bytes)
--deflate_min = 512

-- open sockets at once, logged in or not (1 to 10000000, sockets)
--maxconnections = 100000

-- write to many sockets with one system call, where the system lets us (true, false, restart)
--io_uring = true

-- the least time over which connections are closed when the server stops, so that people do not all come back at once; where checking all their passwords takes longer than password_patience it is longer by that, up to drain_time_max; 0 closes all at once (0 to 600, seconds)
--drain_time = 5

-- the greatest time over which connections are closed when the server stops or restarts (0 to 600, seconds)
--drain_time_max = 60

-- "classic" turns off what the classic server did not have, but for keys that are set themselves ("classic", restart)
--compat = ""

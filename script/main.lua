--!fchatd
-- The rules of this server.
--
-- The server does the heavy lifting; the meaning of each command is defined here. Each function event.XXX
-- handles the client command XXX. Its arguments are the sender's connection and the command's fields. It
-- returns an error number for the sender, or const.FERR_OK. The order of the checks is the one that clients
-- expect. A command that ends with an error does not count towards the rate limits that it has checked.
--
-- To change the rules, an operator copies this folder to script/ in the server's folder and edits the copy.
-- Each module has one subject; its name says which. Without an event.FKS here, the server's built-in search
-- is used.

local modules = {
    require("common"), -- shared functions
    require("login"), -- admission, and the initial frames
    require("information"), -- UPT PRO KIN FRL
    require("talking"), -- MSG LRP PRI TPN STA
    require("dice"), -- RLL
    require("ignores"), -- IGN
    require("channels"), -- CHA ORS JCH LCH CCR CIU CDS CTO RMO RST COL CBL CRC KIC
    require("moderation"), -- COA COR CSO CKU CBU CTU CUB
    require("administration"), -- ACB TMO UNB KIK AOP DOP SCP RWD BRO RLD AWC
    require("gate"), -- NBN NUB NBL RGP
    require("staff"), -- SFC PCR, and the staff room
    require("bridge"), -- messages of the website
}

-- Called after the scripts are loaded, and after a change of settings.
function chat_init()
    for _, module in ipairs(modules) do
        if module.init then
            module.init()
        end
    end
end

--!fchatd
-- The rules of this server.
--
-- The server does the heavy lifting; what a command means is decided here. Each function event.XXX answers the
-- client command XXX. It gets the connection that sent it and the command's fields, and returns the number of
-- an error for the sender, or const.FERR_OK when all is well. The checks stand in the order in which clients
-- know them. A command that ends with an error does not count against the time limits it has checked.
--
-- An operator who wants other rules copies this folder to script/ in the server's folder and changes it. Each
-- module has one concern; its name says which. Without an event.FKS here, the server searches by itself.

local modules = {
    require("common"), -- what the others share
    require("login"), -- who may enter, and what a newcomer is told
    require("information"), -- UPT PRO KIN FRL
    require("talking"), -- MSG LRP PRI TPN STA
    require("dice"), -- RLL
    require("ignores"), -- IGN
    require("channels"), -- CHA ORS JCH LCH CCR CIU CDS CTO RMO RST COL CBL CRC KIC
    require("moderation"), -- COA COR CSO CKU CBU CTU CUB
    require("administration"), -- ACB TMO UNB KIK AOP DOP SCP RWD BRO RLD AWC
    require("gate"), -- NBN NUB NBL RGP
    require("staff"), -- SFC PCR, and the staff room
    require("bridge"), -- what the website sends
}

-- Called when the scripts are loaded, and when the settings have changed.
function chat_init()
    for _, module in ipairs(modules) do
        if module.init then
            module.init()
        end
    end
end

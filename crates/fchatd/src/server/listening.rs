//! Where the server listens.

use std::net::{IpAddr, SocketAddr};

use fchatd_links::{Bridge, BridgeSettings};
use fchatd_world::Settings;

use crate::Failure;

pub(crate) fn listening_address(settings: &Settings) -> Result<SocketAddr, Failure> {
    let text = settings.text("bindaddr");
    let ip: IpAddr = text.parse().map_err(|_| {
        format!("bindaddr must be an IP address such as 127.0.0.1, or 0.0.0.0 for all; it is {text:?}")
    })?;
    Ok(SocketAddr::new(ip, settings.count("port") as u16))
}

pub(crate) fn refused(address: SocketAddr, error: &std::io::Error) -> Failure {
    let advice = match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            "something listens there already; stop it, or choose another port with --set port=N"
        }
        std::io::ErrorKind::PermissionDenied => {
            "ports below 1024 need special rights; choose another with --set port=N"
        }
        std::io::ErrorKind::AddrNotAvailable => {
            "this machine does not have that address; set bindaddr to one it has"
        }
        _ => "choose another address with --set bindaddr=ADDRESS --set port=N",
    };
    format!("{address} can't be listened on ({error}): {advice}")
}

pub(crate) async fn open_bridge(
    local: SocketAddr,
    settings: &BridgeSettings,
) -> Result<(Bridge, SocketAddr), Failure> {
    let port = local.port().checked_add(1).ok_or(
        "the real-time bridge listens on port + 1, and there is none after 65535; choose another port",
    )?;
    let address = SocketAddr::new(local.ip(), port);
    let bridge = Bridge::bind(address, settings).await.map_err(|error| {
        format!(
            "the real-time bridge can't listen on UDP {address} ({error}): choose another port, or set enablertb to false"
        )
    })?;
    Ok((bridge, address))
}

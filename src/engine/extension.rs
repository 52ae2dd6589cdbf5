// SPDX-License-Identifier: Apache-2.0
//! Cedar's extension types: addresses, decimals, instants and durations, read from text exactly as Cedar reads them.
//!
//! What a text means is Cedar's to say, down to which spellings are refused; `tests/agree` holds every function here to
//! Cedar's own. Nothing here allocates, and no calendar library is linked for the one calculation that dates need.

use std::net::IpAddr;

/// An address or a range of addresses, as `ip("10.0.0.0/8")` makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ip {
    pub v6: bool,
    /// The address, in its low 32 bits for version 4.
    pub address: u128,
    /// How many leading bits belong to the network: at most 32, for version 6 at most 128.
    pub prefix: u8,
}

/// The address and its prefix, as [`Ip::read`] reads them: version 6 in all its groups, since the usual short form has dots
/// in it for some addresses, which Cedar refuses.
impl std::fmt::Display for Ip {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.v6 {
            for group in 0..8 {
                let colon = if group == 0 { "" } else { ":" };
                write!(f, "{colon}{:x}", self.address >> (112 - 16 * group) & 0xffff)?;
            }
        } else {
            write!(f, "{}", std::net::Ipv4Addr::from(self.address as u32))?;
        }
        write!(f, "/{}", self.prefix)
    }
}

/// The longest text that can be an address: eight groups of four digits and a prefix of three.
const MAX_IP_LENGTH: usize = 43;

impl Ip {
    /// Reads `127.0.0.1`, `10.0.0.0/8`, `::1` or `ffee::/64`. An IPv4 address within an IPv6 one is refused, since nobody
    /// can tell whether it shall match ranges of version 4.
    pub fn read(text: &str) -> Option<Ip> {
        let embedded = text.matches(':').nth(1).is_some() && text.matches('.').nth(1).is_some();
        if text.len() > MAX_IP_LENGTH || embedded {
            return None;
        }
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let (v6, bits, most) = match address {
            IpAddr::V4(address) => (false, u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (true, u128::from(address), 128),
        };
        let prefix = match prefix {
            None => most,
            Some(digits) => read_prefix(digits, most)?,
        };
        Some(Ip { v6, address: bits, prefix })
    }

    fn width(self) -> u8 {
        if self.v6 { 128 } else { 32 }
    }

    pub fn is_loopback(self) -> bool {
        match self.v6 {
            true => self.address == 1 && self.prefix == 128,
            false => self.address >> 24 == 127 && self.prefix >= 8,
        }
    }

    pub fn is_multicast(self) -> bool {
        match self.v6 {
            true => self.address >> 120 == 0xff && self.prefix >= 8,
            false => self.address >> 28 == 0xe && self.prefix >= 4,
        }
    }

    /// Whether every address of this range lies in `other`. Versions do not mix.
    pub fn is_in_range(self, other: Ip) -> bool {
        if self.v6 != other.v6 {
            return false;
        }
        let (first, last) = self.bounds();
        let (lowest, highest) = other.bounds();
        lowest <= first && last <= highest
    }

    /// The first and the last address of the range.
    fn bounds(self) -> (u128, u128) {
        let all = u128::MAX >> (128 - u32::from(self.width()));
        let host = all.checked_shr(u32::from(self.prefix)).unwrap_or(0);
        (self.address & !host, self.address | host)
    }
}

fn read_prefix(digits: &str, most: u8) -> Option<u8> {
    let longest = if most == 32 { 2 } else { 3 };
    let plain = digits.len() <= longest && digits.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = digits.starts_with('0') && digits != "0";
    (plain && !leading_zero).then(|| digits.parse().ok()).flatten().filter(|prefix| *prefix <= most)
}

/// Reads `-12.34` into ten-thousandths. Digits stand on both sides of the point, at most four behind it.
pub fn read_decimal(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.')?;
    let negative = whole.starts_with('-');
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(digits) || !plain(fraction) || fraction.len() > 4 {
        return None;
    }
    let whole = whole.parse::<i64>().ok()?.checked_mul(10_000)?;
    let fraction = fraction.parse::<i64>().ok()? * 10_i64.pow(4 - fraction.len() as u32);
    if negative { whole.checked_sub(fraction) } else { whole.checked_add(fraction) }
}

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Reads `1d2h3m4s5ms`, each part optional and in this order, into milliseconds.
pub fn read_duration(text: &str) -> Option<i64> {
    let negative = text.starts_with('-');
    let mut rest = text.strip_prefix('-').unwrap_or(text).as_bytes();
    if rest.is_empty() {
        return None;
    }
    let mut parts = [0_u64; 5];
    for (part, unit) in parts.iter_mut().zip(["d", "h", "m", "s", "ms"]) {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (number, after) = rest.split_at_checked(digits)?;
        let Some(after) = after.strip_prefix(unit.as_bytes()) else { continue };
        if number.is_empty() || (unit == "m" && after.first() == Some(&b's')) {
            continue;
        }
        *part = number
            .iter()
            .try_fold(0_u64, |number, digit| number.checked_mul(10)?.checked_add(u64::from(digit - b'0')))?;
        rest = after;
    }
    if !rest.is_empty() {
        return None;
    }
    let [days, hours, minutes, seconds, milliseconds] = parts;
    let mut total =
        if negative { i64::try_from(-i128::from(milliseconds)).ok()? } else { i64::try_from(milliseconds).ok()? };
    for (count, unit) in [(seconds, SECOND), (minutes, MINUTE), (hours, HOUR), (days, DAY)] {
        let part = i64::try_from(count).ok()?.checked_mul(unit)?;
        total = if negative { total.checked_sub(part)? } else { total.checked_add(part)? };
    }
    Some(total)
}

/// Reads `2024-10-15`, `2024-10-15T11:35:00Z`, with milliseconds and with an offset such as `+0130`, into milliseconds
/// since 1970.
pub fn read_datetime(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let [year, month, day] = [number(bytes, 0, 4)?, number(bytes, 5, 2)?, number(bytes, 8, 2)?];
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let midnight = days(year, month, day)? * DAY;
    if bytes.len() == 10 {
        return Some(midnight);
    }
    let [hour, minute, second] = [number(bytes, 11, 2)?, number(bytes, 14, 2)?, number(bytes, 17, 2)?];
    let marks = bytes[10] == b'T' && bytes[13] == b':' && bytes[16] == b':';
    if !marks || hour >= 24 || minute >= 60 || second >= 60 {
        return None;
    }
    let mut rest = &bytes[19..];
    let mut time = midnight + hour * HOUR + minute * MINUTE + second * SECOND;
    if rest.first() == Some(&b'.') {
        time += number(rest, 1, 3)?;
        rest = &rest[4..];
    }
    let sign = match rest {
        [b'Z'] => return Some(time),
        [b'+', _, _, _, _] => 1,
        [b'-', _, _, _, _] => -1,
        _ => return None,
    };
    let (hours, minutes) = (number(rest, 1, 2)?, number(rest, 3, 2)?);
    (hours < 24 && minutes < 60).then(|| time - sign * (hours * HOUR + minutes * MINUTE))
}

/// The `count` decimal digits at `at`.
fn number(bytes: &[u8], at: usize, count: usize) -> Option<i64> {
    let digits = bytes.get(at..at + count)?;
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))
}

/// Days since 1970-01-01 of a day of the Gregorian calendar, which is taken to hold before its introduction too.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    // Years begin in March here, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leaps = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    Some(year * 365 + leaps + (month * 153 + 2) / 5 + day - 1 - 719_468)
}

/// The midnight at or before an instant; `None` before the first one that can be said.
pub fn to_date(time: i64) -> Option<i64> {
    time.checked_sub(time.rem_euclid(DAY))
}

/// How long after its midnight an instant is.
pub fn to_time(time: i64) -> i64 {
    time.rem_euclid(DAY)
}

pub fn to_seconds(duration: i64) -> i64 {
    duration / SECOND
}

pub fn to_minutes(duration: i64) -> i64 {
    duration / MINUTE
}

pub fn to_hours(duration: i64) -> i64 {
    duration / HOUR
}

pub fn to_days(duration: i64) -> i64 {
    duration / DAY
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_in_order_and_in_full() {
        assert_eq!(read_duration("1d2h3m4s5ms"), Some(DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND + 5));
        assert_eq!(read_duration("-1s"), Some(-1000));
        assert_eq!(read_duration("5ms"), Some(5));
        assert_eq!(read_duration("7m5ms"), Some(7 * MINUTE + 5));
        assert_eq!(read_duration("-9223372036854775808ms"), Some(i64::MIN));
        for refused in
            ["", "-", "1", "ms", "1s1m", "1ms1s", "1d1d", "+1s", "1 s", "9223372036854775808ms", "1S", "1d-1h"]
        {
            assert_eq!(read_duration(refused), None, "{refused}");
        }
    }

    #[test]
    fn instants_are_read_as_the_calendar_has_them() {
        assert_eq!(read_datetime("1970-01-01"), Some(0));
        assert_eq!(read_datetime("2000-02-29T00:00:00Z"), Some(951_782_400_000));
        assert_eq!(read_datetime("1969-12-31T23:59:59.999Z"), Some(-1));
        assert_eq!(read_datetime("1970-01-01T01:00:00+0130"), Some(-30 * MINUTE));
        assert_eq!(read_datetime("0000-01-01"), Some(-62_167_219_200_000));
        for refused in [
            "1900-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-1-1",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:60Z",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00.1Z",
            "2024-01-01T00:00:00+2400",
            "2024-01-01T00:00:00+01:00",
            "2024-01-01Z",
            "2024-01-0é",
        ] {
            assert_eq!(read_datetime(refused), None, "{refused}");
        }
    }

    #[test]
    fn decimals_keep_to_their_bounds() {
        assert_eq!(read_decimal("-922337203685477.5808"), Some(i64::MIN));
        assert_eq!(read_decimal("922337203685477.5807"), Some(i64::MAX));
        assert_eq!(read_decimal("-0.5"), Some(-5000));
        for refused in ["922337203685477.5808", "1", "1.", ".1", "1.00000", "+1.0", "1.0e1", "--1.0", "1.-1", "٣.0"] {
            assert_eq!(read_decimal(refused), None, "{refused}");
        }
    }

    #[test]
    fn ranges_hold_their_addresses() {
        let ip = |text| Ip::read(text).expect("an address");
        assert!(ip("10.1.2.3").is_in_range(ip("10.0.0.0/8")));
        assert!(!ip("10.0.0.0/7").is_in_range(ip("10.0.0.0/8")));
        assert!(ip("1.2.3.4").is_in_range(ip("0.0.0.0/0")));
        assert!(ip("::1").is_in_range(ip("::/0")));
        assert!(!ip("0.0.0.1").is_in_range(ip("::/0")));
        assert!(ip("127.0.0.0/8").is_loopback() && !ip("127.0.0.0/7").is_loopback() && ip("::1").is_loopback());
        for text in ["::ffff:102:304", "::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "1.2.3.4", "10.0.0.0/8"] {
            assert_eq!(Ip::read(&ip(text).to_string()), Some(ip(text)), "{text}");
        }
        for refused in ["", "1.2.3", "1.2.3.4/33", "1.2.3.4/08", "::ffff:1.2.3.4", "1.2.3.4/", "::/129", "1.2.3.4 "] {
            assert_eq!(Ip::read(refused), None, "{refused}");
        }
    }
}

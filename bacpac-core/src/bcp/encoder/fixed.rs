//! Values of fixed width: numbers, money, dates and times, guids.

use super::RowEncoder;
use crate::bcp::field;
use crate::bcp::plan::{Fault, Field, Kind, Prefix};
use crate::error::Result;

impl RowEncoder {
    /// bit.
    #[inline]
    pub fn bit(&mut self, value: bool) -> Result<()> {
        self.fixed("bit", |k| k == Kind::Bit, [u8::from(value)])
    }

    /// tinyint.
    #[inline]
    pub fn tinyint(&mut self, value: u8) -> Result<()> {
        self.fixed("tinyint", |k| k == Kind::TinyInt, [value])
    }

    /// smallint.
    #[inline]
    pub fn smallint(&mut self, value: i16) -> Result<()> {
        self.fixed("smallint", |k| k == Kind::SmallInt, value.to_le_bytes())
    }

    /// int.
    #[inline]
    pub fn int(&mut self, value: i32) -> Result<()> {
        self.fixed("int", |k| k == Kind::Int, value.to_le_bytes())
    }

    /// bigint.
    #[inline]
    pub fn bigint(&mut self, value: i64) -> Result<()> {
        self.fixed("bigint", |k| k == Kind::BigInt, value.to_le_bytes())
    }

    /// real, by its bits.
    #[inline]
    pub fn real(&mut self, bits: u32) -> Result<()> {
        self.fixed("real", |k| k == Kind::Real, bits.to_le_bytes())
    }

    /// float, by its bits.
    #[inline]
    pub fn float(&mut self, bits: u64) -> Result<()> {
        self.fixed("float", |k| k == Kind::Float, bits.to_le_bytes())
    }

    /// decimal and numeric. The scale must be the column's and the digits must fit it; the row gets the column's
    /// precision.
    #[inline]
    pub fn decimal(&mut self, negative: bool, magnitude: u128, scale: u8) -> Result<()> {
        let field = self.next("decimal", |k| matches!(k, Kind::Decimal { .. }))?;
        let Kind::Decimal { precision, scale: declared } = field.kind else { return Ok(()) };
        if scale != declared {
            return Err(
                self.refuse(Fault::new(0, format!("a decimal of scale {scale} in a column of scale {declared}")))
            );
        }
        if magnitude >= field::POWERS_OF_TEN[usize::from(precision.min(38))] {
            return Err(self.refuse(Fault::new(0, format!("a decimal of more than {precision} digits"))));
        }
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&[19, precision, scale, u8::from(!negative || magnitude == 0)]);
        bytes[4..].copy_from_slice(&magnitude.to_le_bytes());
        self.buffer.extend_from_slice(&bytes);
        self.column += 1;
        Ok(())
    }

    /// smallmoney, in 1/10000.
    #[inline]
    pub fn smallmoney(&mut self, value: i32) -> Result<()> {
        self.fixed("smallmoney", |k| k == Kind::SmallMoney, value.to_le_bytes())
    }

    /// money, in 1/10000.
    #[inline]
    pub fn money(&mut self, value: i64) -> Result<()> {
        self.fixed("money", |k| k == Kind::Money, value.rotate_left(32).to_le_bytes())
    }

    /// date, in days since 0001-01-01.
    #[inline]
    pub fn date(&mut self, days: u32) -> Result<()> {
        self.check(field::check_days(days, 0))?;
        let [a, b, c, _] = days.to_le_bytes();
        self.fixed("date", |k| k == Kind::Date, [a, b, c])
    }

    /// time, in 100 ns units since midnight.
    #[inline]
    pub fn time(&mut self, ticks: u64) -> Result<()> {
        let field = self.next("time", |k| matches!(k, Kind::Time { .. }))?;
        self.check_ticks(&field, ticks)?;
        let [a, b, c, d, e, ..] = ticks.to_le_bytes();
        self.fixed("time", |_| true, [a, b, c, d, e])
    }

    /// datetime2, in days since 0001-01-01 and 100 ns units since midnight.
    #[inline]
    pub fn datetime2(&mut self, days: u32, ticks: u64) -> Result<()> {
        let field = self.next("datetime2", |k| matches!(k, Kind::DateTime2 { .. }))?;
        self.check_ticks(&field, ticks)?;
        self.check(field::check_days(days, 0))?;
        let bytes = ticks | u64::from(days) << 40;
        self.fixed("datetime2", |_| true, bytes.to_le_bytes())
    }

    /// datetimeoffset, in days and 100 ns units as for datetime2 but in UTC, and the offset in minutes.
    #[inline]
    pub fn datetimeoffset(&mut self, days: u32, ticks: u64, offset: i16) -> Result<()> {
        let field = self.next("datetimeoffset", |k| matches!(k, Kind::DateTimeOffset { .. }))?;
        self.check_ticks(&field, ticks)?;
        self.check(field::check_days(days, 0))?;
        self.check(field::check_offset(days, ticks, offset, 0))?;
        let [a, b, c, d, e, x, y, z] = (ticks | u64::from(days) << 40).to_le_bytes();
        let [low, high] = offset.to_le_bytes();
        self.fixed("datetimeoffset", |_| true, [a, b, c, d, e, x, y, z, low, high])
    }

    /// datetime, in days since 1900-01-01 and 1/300 s since midnight.
    #[inline]
    pub fn datetime(&mut self, days: i32, ticks: u32) -> Result<()> {
        self.check(field::check_datetime(days, ticks, 0))?;
        let [a, b, c, d] = days.to_le_bytes();
        let [w, x, y, z] = ticks.to_le_bytes();
        self.fixed("datetime", |k| k == Kind::DateTime, [a, b, c, d, w, x, y, z])
    }

    /// smalldatetime, in days since 1900-01-01 and minutes since midnight.
    #[inline]
    pub fn smalldatetime(&mut self, days: u16, minutes: u16) -> Result<()> {
        if minutes >= 1440 {
            return Err(self.refuse(Fault::new(0, "a smalldatetime with a time of 24 hours or more")));
        }
        let [a, b] = days.to_le_bytes();
        let [c, d] = minutes.to_le_bytes();
        self.fixed("smalldatetime", |k| k == Kind::SmallDateTime, [a, b, c, d])
    }

    /// uniqueidentifier, as SQL Server stores and sends it.
    #[inline]
    pub fn guid(&mut self, bytes: [u8; 16]) -> Result<()> {
        self.fixed("uniqueidentifier", |k| k == Kind::Guid, bytes)
    }

    #[inline]
    fn fixed<const N: usize>(
        &mut self,
        what: &'static str,
        is: impl FnOnce(Kind) -> bool,
        bytes: [u8; N],
    ) -> Result<()> {
        let field = self.next(what, is)?;
        if field.prefix == Prefix::One {
            self.buffer.push(N as u8);
        }
        self.buffer.extend_from_slice(&bytes);
        self.column += 1;
        Ok(())
    }

    #[inline]
    fn check_ticks(&self, field: &Field, ticks: u64) -> Result<()> {
        match field.kind {
            Kind::Time { scale } | Kind::DateTime2 { scale } | Kind::DateTimeOffset { scale } => {
                self.check(field::check_ticks(ticks, scale, 0).map(drop))
            }
            _ => Ok(()),
        }
    }
}

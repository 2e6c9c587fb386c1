//! sql_variant.

use super::RowEncoder;
use crate::bcp::plan::{Fault, Kind};
use crate::bcp::value::Value;
use crate::bcp::variant::{Variant, VariantBase};
use crate::collation::CodePage;
use crate::error::{ErrorKind, Result};

impl RowEncoder {
    /// sql_variant, with the value bytes a native row holds: char and varchar in the page of
    /// [`CodePage::of_variant`], money with its high half first, times in 100 ns units, decimals as sign and 16 bytes.
    pub fn variant(&mut self, base: VariantBase, data: &[u8]) -> Result<()> {
        self.next("sql_variant", |k| k == Kind::Variant)?;
        if let Err(e) = Variant::new(base, data) {
            return Err(self.refuse(Fault::new(0, e.message().to_owned())));
        }
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&[0, 0, 0, 0, base.token()]);
        // At most 8000, as checked above.
        base.properties(data.len() as u16, &mut self.buffer);
        self.buffer.extend_from_slice(data);
        let length = (self.buffer.len() - start - 4) as u32;
        if let Some(to) = self.buffer.get_mut(start..start + 4) {
            to.copy_from_slice(&length.to_le_bytes());
        }
        self.column += 1;
        Ok(())
    }

    /// sql_variant of char or varchar whose bytes are in the collation's own page, as a server sends them. Fails with
    /// `Unsupported` where the page a native row uses for this collation does not have the text.
    pub fn variant_code_page(&mut self, base: VariantBase, bytes: &[u8]) -> Result<()> {
        let (Some(collation), VariantBase::Char { .. } | VariantBase::VarChar { .. }) = (base.collation(), base) else {
            return self.variant(base, bytes);
        };
        let to = CodePage::of_variant(collation);
        if bytes.is_ascii() || CodePage::of_tds(collation) == Some(to) {
            return self.variant(base, bytes);
        }
        let mut out = Vec::with_capacity(bytes.len());
        let mut text = Vec::with_capacity(2 * bytes.len());
        let bad = CodePage::of_tds(collation).map_or(1, |from| from.decode(bytes, &mut text));
        match to.encode(&text, &mut out) {
            Ok(()) if bad == 0 => self.variant(base, &out),
            _ => Err(self.error(
                ErrorKind::Unsupported,
                format!("a sql_variant whose text is not in code page {}, which native rows use for it", to.number()),
            )),
        }
    }

    /// sql_variant, from its value: of the base type's kind, nchar and nvarchar as [`Value::Text`], char and varchar as
    /// [`Value::Binary`] in the collation's own page. Values in chunks cannot be in a sql_variant.
    pub fn variant_value(&mut self, base: VariantBase, value: Value<'_>) -> Result<()> {
        let mut bytes = [0; 17];
        let mut data = |of: &[u8]| {
            if let Some(to) = bytes.get_mut(..of.len()) {
                to.copy_from_slice(of);
            }
            of.len()
        };
        let day_and_time = |days: u32, ticks: u64| (ticks | u64::from(days) << 40).to_le_bytes();
        use VariantBase as B;
        let n = match (base, value) {
            (B::Char { .. } | B::VarChar { .. }, Value::Binary(content)) => {
                return self.variant_code_page(base, &content.to_bytes());
            }
            (B::Binary | B::VarBinary, Value::Binary(content))
            | (B::NChar { .. } | B::NVarChar { .. }, Value::Text(content)) => {
                return self.variant(base, &content.to_bytes());
            }
            (B::Bit, Value::Bit(v)) => data(&[u8::from(v)]),
            (B::TinyInt, Value::TinyInt(v)) => data(&[v]),
            (B::SmallInt, Value::SmallInt(v)) => data(&v.to_le_bytes()),
            (B::Int, Value::Int(v)) => data(&v.to_le_bytes()),
            (B::BigInt, Value::BigInt(v)) => data(&v.to_le_bytes()),
            (B::Real, Value::Real(v)) => data(&v.to_bits().to_le_bytes()),
            (B::Float, Value::Float(v)) => data(&v.to_bits().to_le_bytes()),
            (B::SmallMoney, Value::SmallMoney(v)) => data(&v.to_le_bytes()),
            (B::Money, Value::Money(v)) => data(&v.rotate_left(32).to_le_bytes()),
            (B::UniqueIdentifier, Value::Guid(v)) => data(&v),
            (B::Date, Value::Date { days }) => data(&days.to_le_bytes()[..3]),
            (B::Time { .. }, Value::Time { ticks }) => data(&ticks.to_le_bytes()[..5]),
            (B::DateTime2 { .. }, Value::DateTime2 { days, ticks }) => data(&day_and_time(days, ticks)),
            (B::DateTimeOffset { .. }, Value::DateTimeOffset { days, ticks, offset }) => {
                let [a, b, c, d, e, x, y, z] = day_and_time(days, ticks);
                let [low, high] = offset.to_le_bytes();
                data(&[a, b, c, d, e, x, y, z, low, high])
            }
            (B::DateTime, Value::DateTime { days, ticks }) => {
                data(&(u64::from(days as u32) | u64::from(ticks) << 32).to_le_bytes())
            }
            (B::SmallDateTime, Value::SmallDateTime { days, minutes }) => {
                data(&(u32::from(days) | u32::from(minutes) << 16).to_le_bytes())
            }
            (B::Decimal { scale, .. } | B::Numeric { scale, .. }, Value::Decimal(v)) if v.scale == scale => {
                let [sign, magnitude @ ..] = &mut bytes;
                *sign = u8::from(!v.negative || v.magnitude == 0);
                *magnitude = v.magnitude.to_le_bytes();
                17
            }
            _ => return Err(self.mismatch("sql_variant of another base type")),
        };
        self.variant(base, bytes.get(..n).unwrap_or_default())
    }
}

//! Signatures, sizes and a cursor over little-endian fields.

pub(super) const LOCAL: u32 = 0x0403_4b50;
pub(super) const CENTRAL: u32 = 0x0201_4b50;
pub(super) const END: u32 = 0x0605_4b50;
pub(super) const ZIP64_END: u32 = 0x0606_4b50;
pub(super) const ZIP64_LOCATOR: u32 = 0x0706_4b50;
pub(super) const DESCRIPTOR: u32 = 0x0807_4b50;
pub(super) const DIGITAL_SIGNATURE: u32 = 0x0505_4b50;

pub(super) const LOCAL_LEN: usize = 30;
pub(super) const CENTRAL_LEN: usize = 46;
pub(super) const END_LEN: usize = 22;
pub(super) const ZIP64_END_LEN: usize = 56;
pub(super) const ZIP64_LOCATOR_LEN: usize = 20;

pub(super) const ZIP64_EXTRA: u16 = 1;

pub(super) const FLAG_ENCRYPTED: u16 = 1;
pub(super) const FLAG_DESCRIPTOR: u16 = 1 << 3;
pub(super) const FLAG_STRONG_ENCRYPTION: u16 = 1 << 6;
pub(super) const FLAG_UTF8: u16 = 1 << 11;
pub(super) const FLAG_MASKED: u16 = 1 << 13;

pub(super) const MAX16: u16 = u16::MAX;
pub(super) const MAX32: u32 = u32::MAX;

/// Takes little-endian fields off the front of a slice; `None` once it is too short.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(self.take(2)?.try_into().ok()?))
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }
}

/// The contents of the extra field `id`, if it is there whole. A ragged end (some writers pad with a few zero bytes)
/// ends the search.
pub(super) fn extra_field(extra: &[u8], id: u16) -> Option<&[u8]> {
    let mut fields = Fields(extra);
    loop {
        let found = fields.u16()?;
        let len = fields.u16()?;
        let body = fields.take(usize::from(len))?;
        if found == id {
            return Some(body);
        }
    }
}

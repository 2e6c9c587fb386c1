//! Record batches as rows of Python's own values.

use crate::error;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    Time64MicrosecondType, TimestampMicrosecondType, TimestampMillisecondType, UInt8Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use bacpac_core::{Error, ErrorKind};
use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString};

/// Days from 0001-01-01, which Python counts as 1, to 1970-01-01.
const EPOCH: i32 = 719_163;

type Cells = Vec<Py<PyAny>>;

/// A dict for each row.
pub(crate) fn rows<'py>(py: Python<'py>, batch: &RecordBatch) -> PyResult<Bound<'py, PyList>> {
    let schema = batch.schema();
    let names: Vec<Bound<'py, PyString>> = schema.fields().iter().map(|f| PyString::intern(py, f.name())).collect();
    let columns = batch.columns().iter().map(|array| column(py, array.as_ref())).collect::<PyResult<Vec<Cells>>>()?;
    let rows = PyList::empty(py);
    for row in 0..batch.num_rows() {
        let dict = PyDict::new(py);
        for (name, cells) in names.iter().zip(&columns) {
            dict.set_item(name, &cells[row])?;
        }
        rows.append(dict)?;
    }
    Ok(rows)
}

fn column(py: Python<'_>, array: &dyn Array) -> PyResult<Cells> {
    let datetime = py.import("datetime")?;
    match array.data_type() {
        DataType::Boolean => each(py, array, |i| array.as_boolean().value(i).into_py_any(py)),
        DataType::UInt8 => numbers::<UInt8Type>(py, array),
        DataType::Int16 => numbers::<Int16Type>(py, array),
        DataType::Int32 => numbers::<Int32Type>(py, array),
        DataType::Int64 => numbers::<Int64Type>(py, array),
        DataType::Float32 => numbers::<Float32Type>(py, array),
        DataType::Float64 => numbers::<Float64Type>(py, array),
        DataType::Decimal128(_, _) => {
            let decimal = py.import("decimal")?.getattr("Decimal")?;
            let values = array.as_primitive::<Decimal128Type>();
            each(py, array, |i| Ok(decimal.call1((values.value_as_string(i),))?.unbind()))
        }
        DataType::Date32 => {
            let date = datetime.getattr("date")?.getattr("fromordinal")?;
            let values = array.as_primitive::<Date32Type>();
            each(py, array, |i| Ok(date.call1((values.value(i) + EPOCH,))?.unbind()))
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            let time = datetime.getattr("time")?;
            let values = array.as_primitive::<Time64MicrosecondType>();
            each(py, array, |i| {
                let (seconds, micros) = (values.value(i) / 1_000_000, values.value(i) % 1_000_000);
                Ok(time.call1((seconds / 3600, seconds / 60 % 60, seconds % 60, micros))?.unbind())
            })
        }
        DataType::Timestamp(TimeUnit::Millisecond | TimeUnit::Microsecond, zone) => {
            let epoch = moment(py, zone.is_some())?;
            each(py, array, |i| Ok(epoch(micros(array, i), 0)?.unbind()))
        }
        DataType::Struct(_) => {
            let (moments, offsets) = (array.as_struct().column(0), array.as_struct().column(1));
            if !matches!(moments.data_type(), DataType::Timestamp(TimeUnit::Microsecond, _)) {
                return Err(nanoseconds(py));
            }
            let epoch = moment(py, true)?;
            let offsets = offsets.as_primitive::<Int16Type>();
            each(py, array, |i| Ok(epoch(micros(moments.as_ref(), i), offsets.value(i))?.unbind()))
        }
        DataType::FixedSizeBinary(_) => {
            let uuid = py.import("uuid")?.getattr("UUID")?;
            let values = array.as_fixed_size_binary();
            each(py, array, |i| {
                let arguments = PyDict::new(py);
                arguments.set_item("bytes", PyBytes::new(py, values.value(i)))?;
                Ok(uuid.call((), Some(&arguments))?.unbind())
            })
        }
        DataType::Utf8 => each(py, array, |i| array.as_string::<i32>().value(i).into_py_any(py)),
        DataType::LargeUtf8 => each(py, array, |i| array.as_string::<i64>().value(i).into_py_any(py)),
        DataType::Binary => each(py, array, |i| PyBytes::new(py, array.as_binary::<i32>().value(i)).into_py_any(py)),
        DataType::LargeBinary => {
            each(py, array, |i| PyBytes::new(py, array.as_binary::<i64>().value(i)).into_py_any(py))
        }
        _ => Err(nanoseconds(py)),
    }
}

fn each(py: Python<'_>, array: &dyn Array, value: impl Fn(usize) -> PyResult<Py<PyAny>>) -> PyResult<Cells> {
    (0..array.len()).map(|i| if array.is_null(i) { Ok(py.None()) } else { value(i) }).collect()
}

fn numbers<T>(py: Python<'_>, array: &dyn Array) -> PyResult<Cells>
where
    T: ArrowPrimitiveType,
    T::Native: for<'py> IntoPyObject<'py>,
{
    let values = array.as_primitive::<T>();
    each(py, array, |i| values.value(i).into_py_any(py))
}

fn micros(array: &dyn Array, i: usize) -> i64 {
    match array.data_type() {
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            array.as_primitive::<TimestampMillisecondType>().value(i) * 1000
        }
        _ => array.as_primitive::<TimestampMicrosecondType>().value(i),
    }
}

/// Makes a datetime of microseconds since 1970, at so many minutes from UTC if it is `aware`.
fn moment<'py>(py: Python<'py>, aware: bool) -> PyResult<impl Fn(i64, i16) -> PyResult<Bound<'py, PyAny>>> {
    let datetime = py.import("datetime")?;
    let (delta, timezone) = (datetime.getattr("timedelta")?, datetime.getattr("timezone")?);
    let epoch = datetime.getattr("datetime")?.call1((1970, 1, 1))?;
    Ok(move |micros: i64, minutes: i16| {
        let local = micros + i64::from(minutes) * 60_000_000;
        let (days, rest) = (local.div_euclid(86_400_000_000), local.rem_euclid(86_400_000_000));
        let naive = epoch.call_method1("__add__", (delta.call1((days, 0, rest))?,))?;
        if !aware {
            return Ok(naive);
        }
        let zone = match minutes {
            0 => timezone.getattr("utc")?,
            minutes => timezone.call1((delta.call1((0, i64::from(minutes) * 60))?,))?,
        };
        let arguments = PyDict::new(py);
        arguments.set_item("tzinfo", zone)?;
        naive.call_method("replace", (), Some(&arguments))
    })
}

fn nanoseconds(py: Python<'_>) -> PyErr {
    let e = Error::new(ErrorKind::InvalidArgument, "Python's times have no nanoseconds")
        .with_help("set `fine_times` to `text`, `microseconds` or `truncate`");
    error::exception(py, &e)
}

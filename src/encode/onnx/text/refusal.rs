use crate::error::Error;

/// What does not serve in a network of texts, or in what goes with it.
pub(super) fn broken(found: &str) -> Error {
    Error::invalid(format!(
        "expected an ONNX file of texts that this program can run, found that {found}; from PyTorch export it with `torch.onnx.export(model, (ids, mask, types), \"model.onnx\", opset_version=17, dynamo=False)`, names and axes as docs/encoders.md shows"
    ))
}

// What Swift needs beside the generated code, and C can say more simply.
#ifndef DEARC_ONNX_RUNTIME_H
#define DEARC_ONNX_RUNTIME_H

#include "onnx.pb-c.h"

/// Receives a packed message piece by piece; `receiver` belongs to whoever made it.
typedef struct {
  ProtobufCBuffer base;
  void *receiver;
} OnnxPackReceiver;

/// The descriptor as a pointer; Swift would import the constant itself as a copy.
static inline const ProtobufCMessageDescriptor *onnx__model_proto__descriptor_pointer(void) {
  return &onnx__model_proto__descriptor;
}

#endif

"""TensorFlow Serving's messages without TensorFlow; `serving_pb2` is generated from `serving.proto`."""

PREDICT = "/tensorflow.serving.PredictionService/Predict"
GET_MODEL_STATUS = "/tensorflow.serving.ModelService/GetModelStatus"

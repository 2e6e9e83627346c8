// Operations on one entry at a time, f32: residual sums and the optimiser's step.

#define FOR_EACH(i, count)                                                                                  \
    for (unsigned int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x)

// y = max(a + b, 0); NaN passes through, which fmaxf would hide.
extern "C" __global__ void add_relu(const float *__restrict__ a, const float *__restrict__ b,
                                    float *__restrict__ y, unsigned int count) {
    FOR_EACH(i, count) {
        const float v = a[i] + b[i];
        y[i] = v <= 0.0f ? 0.0f : v;
    }
}

// The gradient where y is positive, else 0.
extern "C" __global__ void relu_gradient(const float *__restrict__ grad, const float *__restrict__ y,
                                         float *__restrict__ dx, unsigned int count) {
    FOR_EACH(i, count) dx[i] = y[i] > 0.0f ? grad[i] : 0.0f;
}

// v <- momentum * v + (g + decay * p)
extern "C" __global__ void sgd_velocity(float *__restrict__ v, const float *__restrict__ g,
                                        const float *__restrict__ p, unsigned int count, float momentum,
                                        float decay) {
    FOR_EACH(i, count) v[i] = momentum * v[i] + (g[i] + decay * p[i]);
}

// p <- p - rate * ((g + decay * p) + momentum * v)
extern "C" __global__ void sgd_descent(float *__restrict__ p, const float *__restrict__ g,
                                       const float *__restrict__ v, unsigned int count, float rate, float momentum,
                                       float decay) {
    FOR_EACH(i, count) p[i] -= rate * ((g[i] + decay * p[i]) + momentum * v[i]);
}

// Batch normalisation of images (n, c, pixels), f32, row-major. A plane is one channel of one image.
//
// `lanes` neighbouring threads, a power of two that divides a block, share a plane. Every sum has one
// order that depends on the shape alone, so that a run can be repeated bit by bit: no atomics.

struct Affine {
    float mean, scale, shift;
};

__device__ __forceinline__ float inverse_deviation(float variance, float epsilon) {
    return 1.0f / sqrtf(variance + epsilon);
}

__device__ __forceinline__ Affine affine_of(const float *moments, const float *weight, const float *bias,
                                            unsigned int channel, unsigned int c, float epsilon) {
    Affine a;
    a.mean = moments[channel];
    a.scale = weight[channel] * inverse_deviation(moments[c + channel], epsilon);
    a.shift = bias[channel];
    return a;
}

// Both directions must see the same sign for the ReLU, so the contraction is spelled out.
__device__ __forceinline__ float apply(Affine a, float x) {
    return __fmaf_rn(x - a.mean, a.scale, a.shift);
}

__device__ __forceinline__ float masked(Affine a, float x, float grad, int relu) {
    return (!relu || apply(a, x) > 0.0f) ? grad : 0.0f;
}

// The sums of a block of 256 threads, in thread 0.
__device__ __forceinline__ void block_sums(float &first, float &second) {
    __shared__ float firsts[8], seconds[8];
    for (int step = 16; step > 0; step >>= 1) {
        first += __shfl_down_sync(0xffffffffu, first, step);
        second += __shfl_down_sync(0xffffffffu, second, step);
    }
    if ((threadIdx.x & 31) == 0) {
        firsts[threadIdx.x >> 5] = first;
        seconds[threadIdx.x >> 5] = second;
    }
    __syncthreads();
    if (threadIdx.x == 0) {
        first = 0.0f;
        second = 0.0f;
        for (int warp = 0; warp < 8; warp++) {
            first += firsts[warp];
            second += seconds[warp];
        }
    }
}

// Grid (c, splits), 256 threads. parts (splits, 2, c): sums of x - origin and of its square, the origin
// being the channel's first value, so that a large mean costs no digits.
extern "C" __global__ void moment_parts(const float *__restrict__ x, float *__restrict__ parts, unsigned int n,
                                        unsigned int c, unsigned int pixels, unsigned int lanes) {
    const unsigned int channel = blockIdx.x;
    const unsigned int rows = blockDim.x / lanes;
    const unsigned int row = threadIdx.x / lanes, lane = threadIdx.x % lanes;
    const float origin = x[channel * pixels];
    float sum = 0.0f, squares = 0.0f;
    for (unsigned int image = blockIdx.y * rows + row; image < n; image += gridDim.y * rows) {
        const float *plane = x + (image * c + channel) * pixels;
        for (unsigned int i = lane; i < pixels; i += lanes) {
            const float v = plane[i] - origin;
            sum += v;
            squares += v * v;
        }
    }
    block_sums(sum, squares);
    if (threadIdx.x == 0) {
        parts[(2 * blockIdx.y) * c + channel] = sum;
        parts[(2 * blockIdx.y + 1) * c + channel] = squares;
    }
}

// One thread per channel. moments (2, c): mean and biased variance.
extern "C" __global__ void moments_of_parts(const float *__restrict__ x, const float *__restrict__ parts,
                                            float *__restrict__ moments, unsigned int splits, unsigned int n,
                                            unsigned int c, unsigned int pixels) {
    const unsigned int channel = blockIdx.x * blockDim.x + threadIdx.x;
    if (channel >= c) return;
    double sum = 0.0, squares = 0.0;
    for (unsigned int split = 0; split < splits; split++) {
        sum += parts[(2 * split) * c + channel];
        squares += parts[(2 * split + 1) * c + channel];
    }
    const double count = (double)n * pixels;
    const double shift = sum / count;
    const double variance = squares / count - shift * shift;
    moments[channel] = (float)(x[channel * pixels] + shift);
    // Not fmax, which would turn NaN into 0.
    moments[c + channel] = variance < 0.0 ? 0.0f : (float)variance;
}

// One thread per entry of running (2, c). `unbiased` is count / (count - 1).
extern "C" __global__ void update_running(float *__restrict__ running, const float *__restrict__ moments,
                                          unsigned int c, float momentum, float unbiased) {
    const unsigned int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= 2 * c) return;
    const float factor = i < c ? 1.0f : unbiased;
    running[i] = (1.0f - momentum) * running[i] + momentum * factor * moments[i];
}

extern "C" __global__ void normalise(const float *__restrict__ x, const float *__restrict__ moments,
                                     const float *__restrict__ weight, const float *__restrict__ bias,
                                     float *__restrict__ y, unsigned int planes, unsigned int c, unsigned int pixels,
                                     unsigned int lanes, float epsilon, int relu) {
    const unsigned int thread = blockIdx.x * blockDim.x + threadIdx.x;
    const unsigned int lane = thread % lanes, stride = gridDim.x * blockDim.x / lanes;
    for (unsigned int plane = thread / lanes; plane < planes; plane += stride) {
        const Affine a = affine_of(moments, weight, bias, plane % c, c, epsilon);
        const float *from = x + plane * pixels;
        float *to = y + plane * pixels;
        for (unsigned int i = lane; i < pixels; i += lanes) {
            const float v = apply(a, from[i]);
            // Not fmaxf, which would hide NaN.
            to[i] = (relu && v <= 0.0f) ? 0.0f : v;
        }
    }
}

// Grid (c, splits), 256 threads. parts (splits, 2, c): sums of g and of g * (x - mean), g being the
// gradient that passes the ReLU.
extern "C" __global__ void gradient_parts(const float *__restrict__ x, const float *__restrict__ grad,
                                          const float *__restrict__ moments, const float *__restrict__ weight,
                                          const float *__restrict__ bias, float *__restrict__ parts, unsigned int n,
                                          unsigned int c, unsigned int pixels, unsigned int lanes, float epsilon,
                                          int relu) {
    const unsigned int channel = blockIdx.x;
    const unsigned int rows = blockDim.x / lanes;
    const unsigned int row = threadIdx.x / lanes, lane = threadIdx.x % lanes;
    const Affine a = affine_of(moments, weight, bias, channel, c, epsilon);
    float plain = 0.0f, weighted = 0.0f;
    for (unsigned int image = blockIdx.y * rows + row; image < n; image += gridDim.y * rows) {
        const unsigned int start = (image * c + channel) * pixels;
        for (unsigned int i = lane; i < pixels; i += lanes) {
            const float v = x[start + i];
            const float g = masked(a, v, grad[start + i], relu);
            plain += g;
            weighted += g * (v - a.mean);
        }
    }
    block_sums(plain, weighted);
    if (threadIdx.x == 0) {
        parts[(2 * blockIdx.y) * c + channel] = plain;
        parts[(2 * blockIdx.y + 1) * c + channel] = weighted;
    }
}

// One thread per channel. gradients (2, c): of the weight and of the bias.
extern "C" __global__ void gradients_of_parts(const float *__restrict__ parts, const float *__restrict__ moments,
                                              float *__restrict__ gradients, unsigned int splits, unsigned int c,
                                              float epsilon) {
    const unsigned int channel = blockIdx.x * blockDim.x + threadIdx.x;
    if (channel >= c) return;
    double plain = 0.0, weighted = 0.0;
    for (unsigned int split = 0; split < splits; split++) {
        plain += parts[(2 * split) * c + channel];
        weighted += parts[(2 * split + 1) * c + channel];
    }
    gradients[channel] = (float)(weighted * inverse_deviation(moments[c + channel], epsilon));
    gradients[c + channel] = (float)plain;
}

// dx = scale * (g - mean(g) - x_hat * mean(g * x_hat)) in training, scale * g in evaluation.
extern "C" __global__ void gradient_x(const float *__restrict__ x, const float *__restrict__ grad,
                                      const float *__restrict__ moments, const float *__restrict__ weight,
                                      const float *__restrict__ bias, const float *__restrict__ gradients,
                                      float *__restrict__ dx, unsigned int planes, unsigned int c,
                                      unsigned int pixels, unsigned int lanes, float epsilon, float inverse_count,
                                      int relu, int train) {
    const unsigned int thread = blockIdx.x * blockDim.x + threadIdx.x;
    const unsigned int lane = thread % lanes, stride = gridDim.x * blockDim.x / lanes;
    for (unsigned int plane = thread / lanes; plane < planes; plane += stride) {
        const unsigned int channel = plane % c;
        const Affine a = affine_of(moments, weight, bias, channel, c, epsilon);
        float offset = 0.0f, slope = 0.0f;
        if (train) {
            const float inverse = inverse_deviation(moments[c + channel], epsilon);
            offset = gradients[c + channel] * inverse_count;
            slope = gradients[channel] * inverse * inverse_count;
        }
        const unsigned int start = plane * pixels;
        for (unsigned int i = lane; i < pixels; i += lanes) {
            const float v = x[start + i];
            const float g = masked(a, v, grad[start + i], relu);
            dx[start + i] = a.scale * (g - offset - (v - a.mean) * slope);
        }
    }
}

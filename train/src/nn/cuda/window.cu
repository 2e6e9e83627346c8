// Windows over images (n, c, h, w), f32, row-major: average pooling, and unfolding for a convolution by a
// matrix product. Each thread gathers what one result needs, so sums have one order and need no atomics.

#define FOR_EACH(i, count)                                                                                  \
    for (unsigned int i = blockIdx.x * blockDim.x + threadIdx.x; i < count; i += gridDim.x * blockDim.x)

// Means of kh * kw windows; `count` results, oh * ow per plane.
extern "C" __global__ void average(const float *__restrict__ x, float *__restrict__ y, unsigned int count,
                                   unsigned int h, unsigned int w, unsigned int oh, unsigned int ow,
                                   unsigned int kh, unsigned int kw) {
    const float factor = 1.0f / (kh * kw);
    FOR_EACH(i, count) {
        const unsigned int ox = i % ow, oy = i / ow % oh, plane = i / (ow * oh);
        const float *from = x + (plane * h + oy * kh) * w + ox * kw;
        float sum = 0.0f;
        for (unsigned int ky = 0; ky < kh; ky++)
            for (unsigned int kx = 0; kx < kw; kx++) sum += from[ky * w + kx];
        y[i] = sum * factor;
    }
}

// The adjoint of `average`: `count` pixels; those in no window get 0.
extern "C" __global__ void spread(const float *__restrict__ grad, float *__restrict__ dx, unsigned int count,
                                  unsigned int h, unsigned int w, unsigned int oh, unsigned int ow, unsigned int kh,
                                  unsigned int kw) {
    const float factor = 1.0f / (kh * kw);
    FOR_EACH(i, count) {
        const unsigned int ox = i % w / kw, oy = i / w % h / kh, plane = i / (w * h);
        dx[i] = (ox < ow && oy < oh) ? grad[(plane * oh + oy) * ow + ox] * factor : 0.0f;
    }
}

// columns[row, image, oy * ow + ox] with row = (channel * k + ky) * k + kx; an entry lies at
// row * row_stride + image * image_stride + pixel. `count` entries.
extern "C" __global__ void unfold(const float *__restrict__ x, float *__restrict__ columns, unsigned int count,
                                  unsigned int c, unsigned int h, unsigned int w, unsigned int oh, unsigned int ow,
                                  unsigned int k, unsigned int step, unsigned int padding, unsigned int row_stride,
                                  unsigned int image_stride) {
    const unsigned int outputs = oh * ow, rows = c * k * k;
    FOR_EACH(i, count) {
        const unsigned int pixel = i % outputs, row = i / outputs % rows, image = i / (outputs * rows);
        const unsigned int kx = row % k, ky = row / k % k, channel = row / (k * k);
        // Below zero becomes huge, so one comparison tests both ends.
        const unsigned int ix = pixel % ow * step + kx - padding, iy = pixel / ow * step + ky - padding;
        const bool inside = ix < w && iy < h;
        columns[row * row_stride + image * image_stride + pixel] =
            inside ? x[((image * c + channel) * h + iy) * w + ix] : 0.0f;
    }
}

// The adjoint of `unfold` for columns[image, row, pixel]: `count` pixels of dx (n, c, h, w).
extern "C" __global__ void fold(const float *__restrict__ columns, float *__restrict__ dx, unsigned int count,
                                unsigned int c, unsigned int h, unsigned int w, unsigned int oh, unsigned int ow,
                                unsigned int k, unsigned int step, unsigned int padding) {
    const unsigned int outputs = oh * ow, rows = c * k * k;
    FOR_EACH(i, count) {
        const unsigned int ix = i % w, iy = i / w % h, channel = i / (w * h) % c, image = i / (w * h * c);
        float sum = 0.0f;
        for (unsigned int ky = 0; ky < k; ky++) {
            const unsigned int y = iy + padding - ky;
            if (iy + padding < ky || y % step != 0 || y / step >= oh) continue;
            for (unsigned int kx = 0; kx < k; kx++) {
                const unsigned int x = ix + padding - kx;
                if (ix + padding < kx || x % step != 0 || x / step >= ow) continue;
                const unsigned int row = (channel * k + ky) * k + kx;
                sum += columns[(image * rows + row) * outputs + y / step * ow + x / step];
            }
        }
        dx[i] = sum;
    }
}

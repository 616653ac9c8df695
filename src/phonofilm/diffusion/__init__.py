"""The mathematics of joint diffusion: schedules, parameterizations, step grids, samplers, guidance.

Time is the noise fraction ``s = sigma / (alpha + sigma)`` everywhere: 0 is clean, 1 is pure noise, and a
state is ``(1 - s) * clean + s * noise``, one ``s`` per modality and sample.
"""

"""Alphas 1 to 50 by hand from the paper. `p` has the panels open, high, ..., and adv(d)."""

from operators import (choose, correlation, covariance, decay_linear, delay, delta, either, equal,
                       indneutralize, less, log, product, rank, ratio, scale, settle, sign, signedpower, stddev, sum_,
                       ts_argmax, ts_max, ts_min, ts_rank)


def alpha001(p):
    x = choose(less(p.returns, 0), stddev(p.returns, 20), p.close)
    return rank(ts_argmax(signedpower(x, 2.0), 5)) - 0.5


def alpha002(p):
    return -correlation(rank(delta(log(p.volume), 2)), rank(ratio(p.close - p.open, p.open)), 6)


def alpha003(p):
    return -correlation(rank(p.open), rank(p.volume), 10)


def alpha004(p):
    return -ts_rank(rank(p.low), 9)


def alpha005(p):
    return rank(p.open - sum_(p.vwap, 10) / 10) * (-rank(p.close - p.vwap).abs())


def alpha006(p):
    return -correlation(p.open, p.volume, 10)


def alpha007(p):
    change = delta(p.close, 7)
    return choose(less(p.adv(20), p.volume), -ts_rank(change.abs(), 60) * sign(change), -1.0)


def alpha008(p):
    x = sum_(p.open, 5) * sum_(p.returns, 5)
    return -rank(x - delay(x, 10))


def alpha009(p):
    change = delta(p.close, 1)
    falling = choose(less(ts_max(change, 5), 0), change, -change)
    return choose(less(0, ts_min(change, 5)), change, falling)


def alpha010(p):
    change = delta(p.close, 1)
    falling = choose(less(ts_max(change, 4), 0), change, -change)
    return rank(choose(less(0, ts_min(change, 4)), change, falling))


def alpha011(p):
    gap = p.vwap - p.close
    return (rank(ts_max(gap, 3)) + rank(ts_min(gap, 3))) * rank(delta(p.volume, 3))


def alpha012(p):
    return sign(delta(p.volume, 1)) * -delta(p.close, 1)


def alpha013(p):
    return -rank(settle(covariance(rank(p.close), rank(p.volume), 5)))


def alpha014(p):
    return -rank(delta(p.returns, 3)) * correlation(p.open, p.volume, 10)


def alpha015(p):
    return -sum_(rank(settle(correlation(rank(p.high), rank(p.volume), 3))), 3)


def alpha016(p):
    return -rank(settle(covariance(rank(p.high), rank(p.volume), 5)))


def alpha017(p):
    acceleration = delta(delta(p.close, 1), 1)
    return -rank(ts_rank(p.close, 10)) * rank(acceleration) * rank(ts_rank(ratio(p.volume, p.adv(20)), 5))


def alpha018(p):
    body = p.close - p.open
    return -rank(stddev(body.abs(), 5) + body + correlation(p.close, p.open, 10))


def alpha019(p):
    return -sign((p.close - delay(p.close, 7)) + delta(p.close, 7)) * (1 + rank(1 + sum_(p.returns, 250)))


def alpha020(p):
    return (-rank(p.open - delay(p.high, 1)) * rank(p.open - delay(p.close, 1))
            * rank(p.open - delay(p.low, 1)))


def alpha021(p):
    slow, fast, width = sum_(p.close, 8) / 8, sum_(p.close, 2) / 2, stddev(p.close, 8)
    turnover = ratio(p.volume, p.adv(20))
    is_busy = either(less(1, turnover), equal(turnover, 1))
    return choose(less(slow + width, fast), -1, choose(less(fast, slow - width), 1, choose(is_busy, 1, -1)))


def alpha022(p):
    return -(delta(correlation(p.high, p.volume, 5), 5) * rank(stddev(p.close, 20)))


def alpha023(p):
    return choose(less(sum_(p.high, 20) / 20, p.high), -delta(p.high, 2), 0)


def alpha024(p):
    growth = ratio(delta(sum_(p.close, 100) / 100, 100), delay(p.close, 100))
    is_slow = either(less(growth, 0.05), equal(growth, 0.05))
    return choose(is_slow, -(p.close - ts_min(p.close, 100)), -delta(p.close, 3))


def alpha025(p):
    return rank(-p.returns * p.adv(20) * p.vwap * (p.high - p.close))


def alpha026(p):
    return -ts_max(correlation(ts_rank(p.volume, 5), ts_rank(p.high, 5), 5), 3)


def alpha027(p):
    x = rank(settle(sum_(correlation(rank(p.volume), rank(p.vwap), 6), 2) / 2.0))
    return choose(less(0.5, x), -1, 1)


def alpha028(p):
    return scale(correlation(p.adv(20), p.low, 5) + (p.high + p.low) / 2 - p.close)


def alpha029(p):
    lowest = ts_min(rank(rank(-rank(delta(p.close - 1, 5)))), 2)
    x = rank(rank(settle(scale(log(sum_(lowest, 1))))))
    return ts_min(product(x, 1), 5) + ts_rank(delay(-p.returns, 6), 5)


def alpha030(p):
    c = [p.close] + [delay(p.close, d) for d in (1, 2, 3)]
    signs = sign(c[0] - c[1]) + sign(c[1] - c[2]) + sign(c[2] - c[3])
    return ratio((1.0 - rank(signs)) * sum_(p.volume, 5), sum_(p.volume, 20))


def alpha031(p):
    trend = rank(rank(rank(settle(decay_linear(-rank(rank(delta(p.close, 10))), 10)))))
    return trend + rank(-delta(p.close, 3)) + sign(scale(correlation(p.adv(20), p.low, 12)))


def alpha032(p):
    return scale(sum_(p.close, 7) / 7 - p.close) + 20 * scale(correlation(p.vwap, delay(p.close, 5), 230))


def alpha033(p):
    return rank(-((1 - ratio(p.open, p.close)) ** 1))


def alpha034(p):
    calm = ratio(stddev(p.returns, 2), stddev(p.returns, 5))
    return rank(settle((1 - rank(calm)) + (1 - rank(delta(p.close, 1)))))


def alpha035(p):
    return (ts_rank(p.volume, 32) * (1 - ts_rank(p.close + p.high - p.low, 16))) * (1 - ts_rank(p.returns, 32))


def alpha036(p):
    return (2.21 * rank(settle(correlation(p.close - p.open, delay(p.volume, 1), 15)))
            + 0.7 * rank(p.open - p.close)
            + 0.73 * rank(ts_rank(delay(-p.returns, 6), 5))
            + rank(settle(correlation(p.vwap, p.adv(20), 6).abs()))
            + 0.6 * rank((sum_(p.close, 200) / 200 - p.open) * (p.close - p.open)))


def alpha037(p):
    return rank(settle(correlation(delay(p.open - p.close, 1), p.close, 200))) + rank(p.open - p.close)


def alpha038(p):
    return -rank(ts_rank(p.close, 10)) * rank(ratio(p.close, p.open))


def alpha039(p):
    fresh = 1 - rank(decay_linear(ratio(p.volume, p.adv(20)), 9))
    return -rank(delta(p.close, 7) * fresh) * (1 + rank(sum_(p.returns, 250)))


def alpha040(p):
    return -rank(stddev(p.high, 10)) * correlation(p.high, p.volume, 10)


def alpha041(p):
    return (p.high * p.low) ** 0.5 - p.vwap


def alpha042(p):
    return rank(p.vwap - p.close) / rank(p.vwap + p.close)


def alpha043(p):
    return ts_rank(ratio(p.volume, p.adv(20)), 20) * ts_rank(-delta(p.close, 7), 8)


def alpha044(p):
    return -correlation(p.high, rank(p.volume), 5)


def alpha045(p):
    level = rank(sum_(delay(p.close, 5), 20) / 20)
    trend = rank(settle(correlation(sum_(p.close, 5), sum_(p.close, 20), 2)))
    return -(level * correlation(p.close, p.volume, 2) * trend)


def bend(p):
    """The slope of the ten days before the last ten less the slope of the last ten."""
    before, middle = delay(p.close, 20), delay(p.close, 10)
    return (before - middle) / 10 - (middle - p.close) / 10


def alpha046(p):
    step = -(p.close - delay(p.close, 1))
    return choose(less(0.25, bend(p)), -1, choose(less(bend(p), 0), 1, step))


def alpha047(p):
    left = ratio(rank(1 / p.close) * p.volume, p.adv(20)) * ratio(p.high * rank(p.high - p.close), sum_(p.high, 5) / 5)
    return left - rank(p.vwap - delay(p.vwap, 5))


def alpha048(p):
    change = delta(p.close, 1)
    x = ratio(correlation(change, delta(delay(p.close, 1), 1), 250) * change, p.close)
    return ratio(indneutralize(x, p.subindustry), sum_(ratio(change, delay(p.close, 1)) ** 2, 250))


def alpha049(p):
    return choose(less(bend(p), -0.1), 1, -(p.close - delay(p.close, 1)))


def alpha050(p):
    return -ts_max(rank(settle(correlation(rank(p.volume), rank(p.vwap), 5))), 5)

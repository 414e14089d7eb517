"""Alphas 51 to 101 by hand from the paper. `p` has the panels open, high, ..., and adv(d).

Numbers of days are cut to whole ones, as the paper says: correlation(x, y, 8.93) is over 8 days.
"""

from formulas_1 import bend
from operators import (choose, correlation, decay_linear, delay, delta, greater, indneutralize, less, lesser, log,
                       power, product, rank, ratio, scale, settle, sign, signedpower, sum_, ts_argmax, ts_argmin,
                       ts_max, ts_min, ts_rank)


def mix(a, b, share):
    return a * share + b * (1 - share)


def alpha051(p):
    return choose(less(bend(p), -0.05), 1, -(p.close - delay(p.close, 1)))


def alpha052(p):
    lowest = ts_min(p.low, 5)
    momentum = rank((sum_(p.returns, 240) - sum_(p.returns, 20)) / 220)
    return (-lowest + delay(lowest, 5)) * momentum * ts_rank(p.volume, 5)


def alpha053(p):
    return -delta(ratio((p.close - p.low) - (p.high - p.close), p.close - p.low), 9)


def alpha054(p):
    return ratio(-((p.low - p.close) * p.open**5), (p.low - p.high) * p.close**5)


def alpha055(p):
    low, high = ts_min(p.low, 12), ts_max(p.high, 12)
    return -correlation(rank(ratio(p.close - low, high - low)), rank(p.volume), 6)


def alpha056(p):
    return 0 - rank(ratio(sum_(p.returns, 10), sum_(sum_(p.returns, 2), 3))) * rank(p.returns * p.cap)


def alpha057(p):
    return 0 - ratio(p.close - p.vwap, decay_linear(rank(ts_argmax(p.close, 30)), 2))


def alpha058(p):
    x = correlation(indneutralize(p.vwap, p.sector), p.volume, 3)
    return -ts_rank(settle(decay_linear(x, 7)), 5)


def alpha059(p):
    x = correlation(indneutralize(mix(p.vwap, p.vwap, 0.728317), p.industry), p.volume, 4)
    return -ts_rank(settle(decay_linear(x, 16)), 8)


def strength(p):
    """Where the close lies in the bar's range, times volume."""
    return ratio((p.close - p.low) - (p.high - p.close), p.high - p.low) * p.volume


def alpha060(p):
    return 0 - (2 * scale(rank(strength(p))) - scale(rank(ts_argmax(p.close, 10))))


def alpha061(p):
    return less(rank(p.vwap - ts_min(p.vwap, 16)), rank(settle(correlation(p.vwap, p.adv(180), 17))))


def alpha062(p):
    left = rank(settle(correlation(p.vwap, sum_(p.adv(20), 22), 9)))
    is_low = less(settle(rank(p.open) + rank(p.open)), settle(rank((p.high + p.low) / 2) + rank(p.high)))
    return -less(left, rank(is_low))


def alpha063(p):
    left = rank(decay_linear(delta(indneutralize(p.close, p.industry), 2), 8))
    x = correlation(mix(p.vwap, p.open, 0.318108), sum_(p.adv(180), 37), 13)
    return -(left - rank(settle(decay_linear(x, 12))))


def alpha064(p):
    left = rank(settle(correlation(sum_(mix(p.open, p.low, 0.178404), 12), sum_(p.adv(120), 12), 16)))
    return -less(left, rank(delta(mix((p.high + p.low) / 2, p.vwap, 0.178404), 3)))


def alpha065(p):
    left = rank(settle(correlation(mix(p.open, p.vwap, 0.00817205), sum_(p.adv(60), 8), 6)))
    return -less(left, rank(p.open - ts_min(p.open, 13)))


def alpha066(p):
    x = ratio(mix(p.low, p.low, 0.96633) - p.vwap, p.open - (p.high + p.low) / 2)
    return -(rank(decay_linear(delta(p.vwap, 3), 7)) + ts_rank(decay_linear(x, 11), 6))


def alpha067(p):
    x = correlation(indneutralize(p.vwap, p.sector), indneutralize(p.adv(20), p.subindustry), 6)
    return -power(rank(p.high - ts_min(p.high, 2)), rank(settle(x)))


def alpha068(p):
    left = ts_rank(settle(correlation(rank(p.high), rank(p.adv(15)), 8)), 13)
    return -less(left, rank(delta(mix(p.close, p.low, 0.518371), 1)))


def alpha069(p):
    x = ts_max(delta(indneutralize(p.vwap, p.industry), 2), 4)
    return -power(rank(x), ts_rank(settle(correlation(mix(p.close, p.vwap, 0.490655), p.adv(20), 4)), 9))


def alpha070(p):
    x = correlation(indneutralize(p.close, p.industry), p.adv(50), 17)
    return -power(rank(delta(p.vwap, 1)), ts_rank(settle(x), 17))


def alpha071(p):
    x = correlation(ts_rank(p.close, 3), ts_rank(p.adv(180), 12), 18)
    y = rank((p.low + p.open) - (p.vwap + p.vwap)) ** 2
    return greater(ts_rank(settle(decay_linear(x, 4)), 15), ts_rank(settle(decay_linear(y, 16)), 4))


def alpha072(p):
    x = correlation((p.high + p.low) / 2, p.adv(40), 8)
    y = correlation(ts_rank(p.vwap, 3), ts_rank(p.volume, 18), 6)
    return rank(settle(decay_linear(x, 10))) / rank(settle(decay_linear(y, 2)))


def alpha073(p):
    price = mix(p.open, p.low, 0.147155)
    y = -ratio(delta(price, 2), price)
    return -greater(rank(decay_linear(delta(p.vwap, 4), 2)), ts_rank(decay_linear(y, 3), 16))


def alpha074(p):
    left = rank(settle(correlation(p.close, sum_(p.adv(30), 37), 15)))
    return -less(left, rank(settle(correlation(rank(mix(p.high, p.vwap, 0.0261661)), rank(p.volume), 11))))


def alpha075(p):
    right = rank(settle(correlation(rank(p.low), rank(p.adv(50)), 12)))
    return less(rank(settle(correlation(p.vwap, p.volume, 4))), right)


def alpha076(p):
    x = ts_rank(settle(correlation(indneutralize(p.low, p.sector), p.adv(81), 8)), 19)
    return -greater(rank(decay_linear(delta(p.vwap, 1), 11)), ts_rank(settle(decay_linear(x, 17)), 19))


def alpha077(p):
    middle = (p.high + p.low) / 2
    left = rank(decay_linear((middle + p.high) - (p.vwap + p.high), 20))
    return lesser(left, rank(settle(decay_linear(correlation(middle, p.adv(40), 3), 5))))


def alpha078(p):
    x = correlation(sum_(mix(p.low, p.vwap, 0.352233), 19), sum_(p.adv(40), 19), 6)
    return power(rank(settle(x)), rank(settle(correlation(rank(p.vwap), rank(p.volume), 5))))


def alpha079(p):
    left = rank(delta(indneutralize(mix(p.close, p.open, 0.60733), p.sector), 1))
    return less(left, rank(settle(correlation(ts_rank(p.vwap, 3), ts_rank(p.adv(150), 9), 14))))


def alpha080(p):
    x = sign(delta(indneutralize(mix(p.open, p.high, 0.868128), p.industry), 4))
    return -power(rank(x), ts_rank(settle(correlation(p.high, p.adv(10), 5)), 5))


def alpha081(p):
    x = rank(settle(correlation(p.vwap, sum_(p.adv(10), 49), 8))) ** 4
    left = rank(settle(log(product(rank(x), 14))))
    return -less(left, rank(settle(correlation(rank(p.vwap), rank(p.volume), 5))))


def alpha082(p):
    x = correlation(indneutralize(p.volume, p.sector), mix(p.open, p.open, 0.634196), 17)
    return -lesser(rank(decay_linear(delta(p.open, 1), 14)), ts_rank(settle(decay_linear(x, 6)), 13))


def alpha083(p):
    spread = ratio(p.high - p.low, sum_(p.close, 5) / 5)
    return ratio(rank(delay(spread, 2)) * rank(rank(p.volume)), ratio(spread, p.vwap - p.close))


def alpha084(p):
    return signedpower(ts_rank(p.vwap - ts_max(p.vwap, 15), 20), delta(p.close, 4))


def alpha085(p):
    x = correlation(mix(p.high, p.close, 0.876703), p.adv(30), 9)
    y = correlation(ts_rank((p.high + p.low) / 2, 3), ts_rank(p.volume, 10), 7)
    return power(rank(settle(x)), rank(settle(y)))


def alpha086(p):
    left = ts_rank(settle(correlation(p.close, sum_(p.adv(20), 14), 6)), 20)
    return -less(left, rank((p.open + p.close) - (p.vwap + p.open)))


def alpha087(p):
    x = correlation(indneutralize(p.adv(81), p.industry), p.close, 13).abs()
    left = rank(decay_linear(delta(mix(p.close, p.vwap, 0.369701), 1), 2))
    return -greater(left, ts_rank(settle(decay_linear(x, 4)), 14))


def alpha088(p):
    left = rank(settle(decay_linear((rank(p.open) + rank(p.low)) - (rank(p.high) + rank(p.close)), 8)))
    x = correlation(ts_rank(p.close, 8), ts_rank(p.adv(60), 20), 8)
    return lesser(left, ts_rank(settle(decay_linear(x, 6)), 2))


def alpha089(p):
    x = correlation(mix(p.low, p.low, 0.967285), p.adv(10), 6)
    y = delta(indneutralize(p.vwap, p.industry), 3)
    return ts_rank(settle(decay_linear(x, 5)), 3) - ts_rank(decay_linear(y, 10), 15)


def alpha090(p):
    x = correlation(indneutralize(p.adv(40), p.subindustry), p.low, 5)
    return -power(rank(p.close - ts_max(p.close, 4)), ts_rank(settle(x), 3))


def alpha091(p):
    x = correlation(indneutralize(p.close, p.industry), p.volume, 9)
    left = ts_rank(settle(decay_linear(decay_linear(x, 16), 3)), 4)
    return -(left - rank(settle(decay_linear(correlation(p.vwap, p.adv(30), 4), 2))))


def alpha092(p):
    is_low = less((p.high + p.low) / 2 + p.close, p.low + p.open)
    right = ts_rank(settle(decay_linear(correlation(rank(p.low), rank(p.adv(30)), 7), 6)), 6)
    return lesser(ts_rank(settle(decay_linear(is_low, 14)), 18), right)


def alpha093(p):
    x = correlation(indneutralize(p.vwap, p.industry), p.adv(81), 17)
    right = rank(decay_linear(delta(mix(p.close, p.vwap, 0.524434), 2), 16))
    return ts_rank(settle(decay_linear(x, 19)), 7) / right


def alpha094(p):
    x = correlation(ts_rank(p.vwap, 19), ts_rank(p.adv(60), 4), 18)
    return -power(rank(p.vwap - ts_min(p.vwap, 11)), ts_rank(settle(x), 2))


def alpha095(p):
    x = correlation(sum_((p.high + p.low) / 2, 19), sum_(p.adv(40), 19), 12)
    return less(rank(p.open - ts_min(p.open, 12)), ts_rank(rank(settle(x)) ** 5, 11))


def alpha096(p):
    x = correlation(rank(p.vwap), rank(p.volume), 3)
    y = ts_argmax(settle(correlation(ts_rank(p.close, 7), ts_rank(p.adv(60), 4), 3)), 12)
    return -greater(ts_rank(settle(decay_linear(x, 4)), 8), ts_rank(settle(decay_linear(y, 14)), 13))


def alpha097(p):
    left = rank(decay_linear(delta(indneutralize(mix(p.low, p.vwap, 0.721001), p.industry), 3), 20))
    x = ts_rank(settle(correlation(ts_rank(p.low, 7), ts_rank(p.adv(60), 17), 4)), 18)
    return -(left - ts_rank(settle(decay_linear(x, 15)), 6))


def alpha098(p):
    left = rank(settle(decay_linear(correlation(p.vwap, sum_(p.adv(5), 26), 4), 7)))
    x = ts_rank(ts_argmin(settle(correlation(rank(p.open), rank(p.adv(15)), 20)), 8), 6)
    return left - rank(settle(decay_linear(x, 8)))


def alpha099(p):
    left = rank(settle(correlation(sum_((p.high + p.low) / 2, 19), sum_(p.adv(60), 19), 8)))
    return -less(left, rank(settle(correlation(p.low, p.volume, 6))))


def alpha100(p):
    x = indneutralize(indneutralize(rank(strength(p)), p.subindustry), p.subindustry)
    y = correlation(p.close, rank(p.adv(20)), 5) - rank(ts_argmin(p.close, 30))
    both = 1.5 * scale(x) - scale(indneutralize(y, p.subindustry))
    return 0 - both * ratio(p.volume, p.adv(20))


def alpha101(p):
    return (p.close - p.open) / ((p.high - p.low) + 0.001)

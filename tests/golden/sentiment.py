"""Writes tests/golden/sentiment/scores.json: what vaderSentiment says about texts.

Program: vaderSentiment 3.3.2 (Hutto and Gilbert's own). Run from the root of the repository:

    pip install vaderSentiment==3.3.2
    python tests/golden/sentiment.py

The texts are the headlines that ship with the project and sentences written to hit each rule of
VADER: negation, boosters, capitals, punctuation, "but", idioms, slang, emoticons, emoji, other
scripts and odd white space. The label is the one that VADER's authors recommend: positive from a
compound score of 0.05 on, negative from -0.05 on.
"""

import csv
import json
from importlib.metadata import version
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "golden" / "sentiment" / "scores.json"

SENTENCES = [
    "",
    " ",
    "\t\n",
    "?",
    "the the the",
    # Capitals and punctuation.
    "The quarter was good.",
    "The quarter was GOOD.",
    "THE QUARTER WAS GOOD.",
    "The quarter was good!",
    "The quarter was good!!!!!!",
    "The quarter was GOOD!!!",
    "Was the quarter good?",
    "Was the quarter good??",
    "Was the quarter good?????",
    "Was the quarter bad?! Really?!",
    # Negation at each distance, and negation of negatives.
    "The quarter was not good.",
    "The quarter was not very good.",
    "The quarter was not all that good.",
    "The quarter wasn't good, it was terrible.",
    "Nobody could say that the quarter was bad.",
    "This is not a disaster.",
    "Never so happy about a dividend.",
    "Never this bad.",
    "Without doubt an excellent result.",
    "Without a doubt a great company.",
    "No good news today.",
    "No gain, no pain.",
    "They can't lose.",
    "Hardly a success.",
    "Isn't it lovely how they never disappoint?",
    # Boosters and dampeners.
    "Extremely strong growth.",
    "Slightly weak guidance.",
    "Kind of a nice surprise.",
    "Sort of bad.",
    "The outlook is very, very bright and hugely promising.",
    "EXTREMELY strong growth in a weak market.",
    "Marginally better, barely profitable, partly happy.",
    # Contrast.
    "Sales rose, but margins were horrible.",
    "Margins were horrible, but sales were great and customers love the product.",
    "But it was good.",
    "Good but bad but good but bad.",
    # At least, least, idioms.
    "At least the loss was small.",
    "The least attractive stock of all.",
    "Very least convincing.",
    "This phone is the bomb.",
    "The new chip is bad ass.",
    "A yeah right kind of promise.",
    "The merger was the kiss of death.",
    "Beating expectations on its cutting edge, hand to mouth, upper hand.",
    # Slang, emoticons, emoji.
    "lol the guidance sux",
    "Earnings today :)",
    "Earnings today :( :-D <3",
    "To the moon \U0001F680\U0001F680\U0001F680",
    "\U0001F600",
    "\U0001F621 worst call ever \U0001F62D",
    "profit\U0001F600profit",
    "\U0001F468\u200D\U0001F469\u200D\U0001F467 happy family",
    "We \u2764\ufe0f dividends",
    # Finance as written.
    "Shares plunge 20% after the company warns of a loss.",
    "Profit beats forecasts, outlook is GREAT!",
    "Shares plunge as losses widen",
    "Bankruptcy fears ease; bonds rally.",
    "Regulators fine the bank for fraud and abuse.",
    "Downgrade to SELL: weak demand, high debt, poor cash flow.",
    "$AAPL $MSFT up, $IBM down #winning",
    "Q3 EPS: $1.25 vs. $1.20 expected",
    "Strong buy!!! Don't miss out!!!",
    # Odd input.
    "good" * 50,
    "good " * 300,
    "bad, " * 300 + "but " + "good, " * 300,
    "GOOD\u00a0BAD\u2003good",
    "na\u00efve caf\u00e9 \u00dcbertreibung GRO\u00dfARTIG",
    "\u682a\u4fa1\u4e0a\u6607 \u597d\u6d88\u606f",
    "\u0130stanbul is GREAT",
    "'good' \"great\" (nice) [awful] {terrible} ...horrible...",
    "well-being, self-deception, non-fraudulent",
    "can\u2019t complain",
    "n't",
    "0 1 2 3 inf nan NULL",
    "a\u0000b good",
    "good\x1cbad\x1fgreat",
]


def label(compound):
    if compound >= 0.05:
        return "positive"
    return "negative" if compound <= -0.05 else "neutral"


def main():
    analyzer = SentimentIntensityAnalyzer()
    with open(ROOT / "data" / "headlines.csv", newline="", encoding="utf-8") as f:
        headlines = [row["headline"] for row in csv.DictReader(f)]
    cases = []
    for text in headlines + SENTENCES:
        scores = analyzer.polarity_scores(text)
        cases.append({"text": text, **scores, "label": label(scores["compound"])})
    golden = {
        "program": f"vaderSentiment {version('vaderSentiment')}",
        "command": "python tests/golden/sentiment.py",
        "cases": cases,
    }
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(golden, indent=0, ensure_ascii=True) + "\n")
    print(f"{OUT.relative_to(ROOT)}: {len(cases)} texts")


if __name__ == "__main__":
    main()

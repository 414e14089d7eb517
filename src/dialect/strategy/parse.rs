//! From tokens to statements about strategies and runs.

use super::{
    Constant, CreateStrategy, Parameter, ParameterType, ReportFormat, RunBacktest, Setting,
    StrategyStatement,
};
use crate::dialect::model::{expect_word, parse_name};
use datafusion::sql::sqlparser::ast::DataType;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;

type Parsed<T> = Result<T, ParserError>;

impl StrategyStatement {
    /// Parses `CREATE STRATEGY` from CREATE on.
    ///
    /// # Errors
    /// What was expected and what was found, with the position.
    pub fn parse_create(parser: &mut Parser) -> Parsed<Self> {
        parser.expect_keyword(Keyword::CREATE)?;
        let or_replace = parser.parse_keywords(&[Keyword::OR, Keyword::REPLACE]);
        expect_word(parser, "STRATEGY")?;
        let if_not_exists = parser.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
        let name = parse_name(parser)?;
        let parameters = parse_parameters(parser)?;
        parser.expect_keyword(Keyword::AS)?;
        let query = parser.parse_query()?;
        Ok(Self::Create(CreateStrategy {
            name,
            or_replace,
            if_not_exists,
            parameters,
            query,
        }))
    }

    /// Parses `DROP STRATEGY` from DROP on.
    ///
    /// # Errors
    /// What was expected and what was found, with the position.
    pub fn parse_drop(parser: &mut Parser) -> Parsed<Self> {
        parser.expect_keyword(Keyword::DROP)?;
        expect_word(parser, "STRATEGY")?;
        let if_exists = parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
        let name = parse_name(parser)?;
        Ok(Self::Drop { name, if_exists })
    }

    /// Parses `RUN BACKTEST`, with EXPLAIN or without.
    ///
    /// # Errors
    /// What was expected and what was found, with the position.
    pub fn parse_run(parser: &mut Parser) -> Parsed<Self> {
        let explain = parser.parse_keyword(Keyword::EXPLAIN);
        let analyze = explain && parser.parse_keyword(Keyword::ANALYZE);
        let verbose = explain && !analyze && parser.parse_keyword(Keyword::VERBOSE);
        expect_word(parser, "RUN")?;
        expect_word(parser, "BACKTEST")?;
        let run = RunBacktest {
            strategy: parse_name(parser)?,
            settings: parse_settings(parser)?,
        };
        let how = match (analyze, verbose) {
            (true, _) => "ANALYZE ",
            (_, true) => "VERBOSE ",
            _ => "",
        };
        Ok(if explain {
            Self::Explain { how, run }
        } else {
            Self::Run(run)
        })
    }

    /// Parses `REPLAY RUN`.
    ///
    /// # Errors
    /// What was expected and what was found, with the position.
    pub fn parse_replay(parser: &mut Parser) -> Parsed<Self> {
        expect_word(parser, "REPLAY")?;
        expect_word(parser, "RUN")?;
        let run = parse_run_number(parser)?;
        Ok(Self::Replay { run })
    }

    /// Parses `REPORT RUN`.
    ///
    /// # Errors
    /// What was expected and what was found, with the position.
    pub fn parse_report(parser: &mut Parser) -> Parsed<Self> {
        expect_word(parser, "REPORT")?;
        expect_word(parser, "RUN")?;
        let run = parse_run_number(parser)?;
        let format = parse_format(parser)?;
        Ok(Self::Report { run, format })
    }

    /// Parses `DROP RUN` from DROP on.
    ///
    /// # Errors
    /// What was expected and what was found, with the position.
    pub fn parse_drop_run(parser: &mut Parser) -> Parsed<Self> {
        parser.expect_keyword(Keyword::DROP)?;
        expect_word(parser, "RUN")?;
        let if_exists = parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
        let run = parse_run_number(parser)?;
        Ok(Self::DropRun { run, if_exists })
    }
}

fn parse_run_number(parser: &mut Parser) -> Parsed<i64> {
    let number = parser.parse_literal_uint()?;
    i64::try_from(number).map_err(|_| ParserError::ParserError(format!("there is no run {number}")))
}

fn parse_format(parser: &mut Parser) -> Parsed<ReportFormat> {
    if !parser.parse_keyword(Keyword::AS) {
        return Ok(ReportFormat::Html);
    }
    let token = parser.next_token();
    let word = token.token.to_string().to_ascii_lowercase();
    let formats = [ReportFormat::Html, ReportFormat::Svg, ReportFormat::Text];
    match formats.into_iter().find(|f| f.name() == word) {
        Some(format) => Ok(format),
        None => parser.expected("html, svg or text", token),
    }
}

fn parse_parameters(parser: &mut Parser) -> Parsed<Vec<Parameter>> {
    if !parser.consume_token(&Token::LParen) {
        return Ok(Vec::new());
    }
    if parser.consume_token(&Token::RParen) {
        return Ok(Vec::new());
    }
    let parameters = parser.parse_comma_separated(parse_parameter)?;
    parser.expect_token(&Token::RParen)?;
    refuse_repeated("parameter", parameters.iter().map(|p| p.name.as_str()))?;
    Ok(parameters)
}

fn parse_parameter(parser: &mut Parser) -> Parsed<Parameter> {
    let name = parse_name(parser)?;
    let ty = parameter_type(&parser.parse_data_type()?)?;
    let has_default = parser.parse_keyword(Keyword::DEFAULT) || parser.consume_token(&Token::Eq);
    let default = has_default.then(|| parse_constant(parser)).transpose()?;
    Ok(Parameter { name, ty, default })
}

fn parameter_type(ty: &DataType) -> Parsed<ParameterType> {
    ParameterType::of_sql(&ty.to_string()).ok_or_else(|| {
        ParserError::ParserError(format!(
            "a parameter must be integer, double precision, boolean, text, date or timestamp, found {ty}"
        ))
    })
}

fn parse_settings(parser: &mut Parser) -> Parsed<Vec<(String, Setting)>> {
    if !parser.parse_keyword(Keyword::WITH) {
        return Ok(Vec::new());
    }
    parser.expect_token(&Token::LParen)?;
    let settings = parser.parse_comma_separated(|p| {
        let key = parse_name(p)?;
        if !p.consume_token(&Token::RArrow) {
            p.expect_token(&Token::Eq)?;
        }
        Ok((key, parse_setting(p)?))
    })?;
    parser.expect_token(&Token::RParen)?;
    refuse_repeated("option", settings.iter().map(|(key, _)| key.as_str()))?;
    Ok(settings)
}

fn parse_setting(parser: &mut Parser) -> Parsed<Setting> {
    if !parser.consume_token(&Token::LParen) {
        return Ok(Setting::Constants(vec![parse_constant(parser)?]));
    }
    let is_query = [Keyword::SELECT, Keyword::WITH, Keyword::VALUES]
        .into_iter()
        .any(|keyword| parser.peek_keyword(keyword));
    let setting = if is_query {
        Setting::Query(parser.parse_query()?)
    } else {
        Setting::Constants(parser.parse_comma_separated(parse_constant)?)
    };
    parser.expect_token(&Token::RParen)?;
    Ok(setting)
}

/// A constant; `DATE '...'` and `TIMESTAMP '...'` are their texts.
fn parse_constant(parser: &mut Parser) -> Parsed<Constant> {
    let token = parser.next_token();
    match &token.token {
        Token::SingleQuotedString(text) => Ok(Constant::Text(text.clone())),
        Token::Number(digits, _) => Ok(Constant::Number(digits.clone())),
        Token::Plus => match parser.next_token().token {
            Token::Number(digits, _) => Ok(Constant::Number(digits)),
            _ => parser.expected("a number after +", token),
        },
        Token::Minus => match parser.next_token().token {
            Token::Number(digits, _) => Ok(Constant::Number(format!("-{digits}"))),
            _ => parser.expected("a number after -", token),
        },
        Token::Word(word) => Ok(match word.keyword {
            Keyword::NULL => Constant::Null,
            Keyword::TRUE => Constant::Flag(true),
            Keyword::FALSE => Constant::Flag(false),
            Keyword::DATE | Keyword::TIMESTAMP => match parser.peek_token_ref().token {
                Token::SingleQuotedString(_) => Constant::Text(parser.parse_literal_string()?),
                _ => Constant::Text(word.value.clone()),
            },
            _ => Constant::Text(word.value.clone()),
        }),
        _ => parser.expected("a text, a number, true or false", token),
    }
}

fn refuse_repeated<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Parsed<()> {
    let mut seen = std::collections::HashSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(ParserError::ParserError(format!(
                "{what} `{name}` is given twice"
            )));
        }
    }
    Ok(())
}

//! The streams of the library, one line each.
//!
//! A line has the function's name, the library's names for opening it and for its handle, the
//! inputs in the library's order, and the kinds of its constants. A test holds that every function
//! of the library has a line, and that all of them give the bits of a run over everything.

use crate::kernel::OptionValue;
use crate::stream::{Stream, Values};
use std::sync::LazyLock;
use ta_lib::{Core, MAType};

/// The library with its default settings, as the kernels have it.
static CORE: LazyLock<Core> = LazyLock::new(Core::new);

fn int(option: OptionValue) -> Option<i32> {
    match option {
        OptionValue::Integer(value) => Some(value),
        OptionValue::Real(_) => None,
    }
}

fn real(option: OptionValue) -> Option<f64> {
    match option {
        OptionValue::Real(value) => Some(value),
        OptionValue::Integer(_) => None,
    }
}

fn average(option: OptionValue) -> Option<MAType> {
    MAType::try_from(int(option)?).ok()
}

macro_rules! streams {
    ($($name:ident $open:ident $stream:ident ($($input:ident)*) ($($option:ident)*);)*) => {
        /// The names of all functions that have a stream, sorted.
        const NAMES: &[&str] = &[$(stringify!($name)),*];

        /// Opens the stream of a function over rows that reach behind its look-back; none when the
        /// library refuses.
        pub(crate) fn open(
            function: &str,
            inputs: &[&[f64]],
            options: &[Option<OptionValue>],
        ) -> Option<Box<dyn Stream>> {
            let mut inputs = inputs.iter().copied();
            #[allow(unused_mut, unused_variables, reason = "not every function has constants")]
            let mut options = options.iter().copied().flatten();
            match function {
                $(stringify!($name) => {
                    $(let $input = inputs.next()?;)*
                    let opened = CORE.$open($($input,)* $($option(options.next()?)?),*);
                    Some(Box::new(opened.ok()?.0))
                })*
                _ => None,
            }
        }

        $(impl Stream for ta_lib::$stream {
            fn step(&mut self, bar: &[f64], out: &mut [f64]) -> Option<()> {
                let mut bar = bar.iter().copied();
                $(let $input = bar.next()?;)*
                self.update($($input),*).ok()?.write(out);
                Some(())
            }

            fn fork(&self) -> Box<dyn Stream> {
                Box::new(self.clone())
            }

            fn own_size(&self) -> usize {
                size_of::<Self>()
            }
        })*
    };
}

/// Whether a function has a stream.
pub(crate) fn is_there(function: &str) -> bool {
    NAMES.binary_search(&function).is_ok()
}

streams! {
    AC ac_open AcStream (high low) (int int int);
    ACCBANDS accbands_open AccbandsStream (high low close) (int);
    ACOS acos_open AcosStream (x) ();
    AD ad_open AdStream (high low close volume) ();
    ADD add_open AddStream (x0 x1) ();
    ADOSC adosc_open AdoscStream (high low close volume) (int int);
    ADR adr_open AdrStream (high low) (int);
    ADX adx_open AdxStream (high low close) (int);
    ADXR adxr_open AdxrStream (high low close) (int);
    ALMA alma_open AlmaStream (x) (int real real);
    AO ao_open AoStream (high low) (int int);
    APO apo_open ApoStream (x) (int int average);
    AROON aroon_open AroonStream (high low) (int);
    AROONOSC aroonosc_open AroonoscStream (high low) (int);
    ASI asi_open AsiStream (open high low close) (real);
    ASIN asin_open AsinStream (x) ();
    ATAN atan_open AtanStream (x) ();
    ATR atr_open AtrStream (high low close) (int);
    AVGDEV avgdev_open AvgdevStream (x) (int);
    AVGPRICE avgprice_open AvgpriceStream (open high low close) ();
    BBANDS bbands_open BbandsStream (x) (int real real average);
    BBW bbw_open BbwStream (x) (int real real average);
    BETA beta_open BetaStream (x0 x1) (int);
    BOP bop_open BopStream (open high low close) ();
    CCI cci_open CciStream (high low close) (int);
    CDL2CROWS cdl2crows_open Cdl2crowsStream (open high low close) ();
    CDL3BLACKCROWS cdl3blackcrows_open Cdl3blackcrowsStream (open high low close) ();
    CDL3INSIDE cdl3inside_open Cdl3insideStream (open high low close) ();
    CDL3LINESTRIKE cdl3linestrike_open Cdl3linestrikeStream (open high low close) ();
    CDL3OUTSIDE cdl3outside_open Cdl3outsideStream (open high low close) ();
    CDL3STARSINSOUTH cdl3starsinsouth_open Cdl3starsinsouthStream (open high low close) ();
    CDL3WHITESOLDIERS cdl3whitesoldiers_open Cdl3whitesoldiersStream (open high low close) ();
    CDLABANDONEDBABY cdlabandonedbaby_open CdlabandonedbabyStream (open high low close) (real);
    CDLADVANCEBLOCK cdladvanceblock_open CdladvanceblockStream (open high low close) ();
    CDLBELTHOLD cdlbelthold_open CdlbeltholdStream (open high low close) ();
    CDLBREAKAWAY cdlbreakaway_open CdlbreakawayStream (open high low close) ();
    CDLCLOSINGMARUBOZU cdlclosingmarubozu_open CdlclosingmarubozuStream (open high low close) ();
    CDLCONCEALBABYSWALL cdlconcealbabyswall_open CdlconcealbabyswallStream (open high low close) ();
    CDLCOUNTERATTACK cdlcounterattack_open CdlcounterattackStream (open high low close) ();
    CDLDARKCLOUDCOVER cdldarkcloudcover_open CdldarkcloudcoverStream (open high low close) (real);
    CDLDOJI cdldoji_open CdldojiStream (open high low close) ();
    CDLDOJISTAR cdldojistar_open CdldojistarStream (open high low close) ();
    CDLDRAGONFLYDOJI cdldragonflydoji_open CdldragonflydojiStream (open high low close) ();
    CDLENGULFING cdlengulfing_open CdlengulfingStream (open high low close) ();
    CDLEVENINGDOJISTAR cdleveningdojistar_open CdleveningdojistarStream (open high low close) (real);
    CDLEVENINGSTAR cdleveningstar_open CdleveningstarStream (open high low close) (real);
    CDLGAPSIDESIDEWHITE cdlgapsidesidewhite_open CdlgapsidesidewhiteStream (open high low close) ();
    CDLGRAVESTONEDOJI cdlgravestonedoji_open CdlgravestonedojiStream (open high low close) ();
    CDLHAMMER cdlhammer_open CdlhammerStream (open high low close) ();
    CDLHANGINGMAN cdlhangingman_open CdlhangingmanStream (open high low close) ();
    CDLHARAMI cdlharami_open CdlharamiStream (open high low close) ();
    CDLHARAMICROSS cdlharamicross_open CdlharamicrossStream (open high low close) ();
    CDLHIGHWAVE cdlhighwave_open CdlhighwaveStream (open high low close) ();
    CDLHIKKAKE cdlhikkake_open CdlhikkakeStream (open high low close) ();
    CDLHIKKAKEMOD cdlhikkakemod_open CdlhikkakemodStream (open high low close) ();
    CDLHOMINGPIGEON cdlhomingpigeon_open CdlhomingpigeonStream (open high low close) ();
    CDLIDENTICAL3CROWS cdlidentical3crows_open Cdlidentical3crowsStream (open high low close) ();
    CDLINNECK cdlinneck_open CdlinneckStream (open high low close) ();
    CDLINVERTEDHAMMER cdlinvertedhammer_open CdlinvertedhammerStream (open high low close) ();
    CDLKICKING cdlkicking_open CdlkickingStream (open high low close) ();
    CDLKICKINGBYLENGTH cdlkickingbylength_open CdlkickingbylengthStream (open high low close) ();
    CDLLADDERBOTTOM cdlladderbottom_open CdlladderbottomStream (open high low close) ();
    CDLLONGLEGGEDDOJI cdllongleggeddoji_open CdllongleggeddojiStream (open high low close) ();
    CDLLONGLINE cdllongline_open CdllonglineStream (open high low close) ();
    CDLMARUBOZU cdlmarubozu_open CdlmarubozuStream (open high low close) ();
    CDLMATCHINGLOW cdlmatchinglow_open CdlmatchinglowStream (open high low close) ();
    CDLMATHOLD cdlmathold_open CdlmatholdStream (open high low close) (real);
    CDLMORNINGDOJISTAR cdlmorningdojistar_open CdlmorningdojistarStream (open high low close) (real);
    CDLMORNINGSTAR cdlmorningstar_open CdlmorningstarStream (open high low close) (real);
    CDLONNECK cdlonneck_open CdlonneckStream (open high low close) ();
    CDLPIERCING cdlpiercing_open CdlpiercingStream (open high low close) ();
    CDLRICKSHAWMAN cdlrickshawman_open CdlrickshawmanStream (open high low close) ();
    CDLRISEFALL3METHODS cdlrisefall3methods_open Cdlrisefall3methodsStream (open high low close) ();
    CDLSEPARATINGLINES cdlseparatinglines_open CdlseparatinglinesStream (open high low close) ();
    CDLSHOOTINGSTAR cdlshootingstar_open CdlshootingstarStream (open high low close) ();
    CDLSHORTLINE cdlshortline_open CdlshortlineStream (open high low close) ();
    CDLSPINNINGTOP cdlspinningtop_open CdlspinningtopStream (open high low close) ();
    CDLSTALLEDPATTERN cdlstalledpattern_open CdlstalledpatternStream (open high low close) ();
    CDLSTICKSANDWICH cdlsticksandwich_open CdlsticksandwichStream (open high low close) ();
    CDLTAKURI cdltakuri_open CdltakuriStream (open high low close) ();
    CDLTASUKIGAP cdltasukigap_open CdltasukigapStream (open high low close) ();
    CDLTHRUSTING cdlthrusting_open CdlthrustingStream (open high low close) ();
    CDLTRISTAR cdltristar_open CdltristarStream (open high low close) ();
    CDLUNIQUE3RIVER cdlunique3river_open Cdlunique3riverStream (open high low close) ();
    CDLUPSIDEGAP2CROWS cdlupsidegap2crows_open Cdlupsidegap2crowsStream (open high low close) ();
    CDLXSIDEGAP3METHODS cdlxsidegap3methods_open Cdlxsidegap3methodsStream (open high low close) ();
    CEIL ceil_open CeilStream (x) ();
    CG cg_open CgStream (x) (int);
    CHOP chop_open ChopStream (high low close) (int);
    CHOPTR choptr_open ChoptrStream (high low close) (int);
    CKSP cksp_open CkspStream (high low close) (int real int);
    CMF cmf_open CmfStream (high low close volume) (int);
    CMO cmo_open CmoStream (x) (int);
    CMOU cmou_open CmouStream (x) (int);
    COPPOCK coppock_open CoppockStream (x) (int int int);
    CORREL correl_open CorrelStream (x0 x1) (int);
    COS cos_open CosStream (x) ();
    COSH cosh_open CoshStream (x) ();
    CRSI crsi_open CrsiStream (x) (int int int);
    CTI cti_open CtiStream (x) (int);
    CUMSUM cumsum_open CumsumStream (x) ();
    CVI cvi_open CviStream (high low) (int int);
    DEMA dema_open DemaStream (x) (int);
    DIV div_open DivStream (x0 x1) ();
    DONCHIAN donchian_open DonchianStream (high low) (int);
    DOSC dosc_open DoscStream (x) (int int int int);
    DPO dpo_open DpoStream (x) (int);
    DX dx_open DxStream (high low close) (int);
    EFI efi_open EfiStream (close volume) (int);
    EMA ema_open EmaStream (x) (int);
    EMV emv_open EmvStream (high low volume) (int real);
    ER er_open ErStream (x) (int);
    ERI eri_open EriStream (high low close) (int);
    EXP exp_open ExpStream (x) ();
    FISHER fisher_open FisherStream (high low) (int);
    FLOOR floor_open FloorStream (x) ();
    FOSC fosc_open FoscStream (x) (int);
    FRACTAL fractal_open FractalStream (high low) (int int);
    FRAMA frama_open FramaStream (high low) (int);
    HA ha_open HaStream (open high low close) ();
    HMA hma_open HmaStream (x) (int);
    HT_DCPERIOD ht_dcperiod_open HtDcperiodStream (x) ();
    HT_DCPHASE ht_dcphase_open HtDcphaseStream (x) ();
    HT_PHASOR ht_phasor_open HtPhasorStream (x) ();
    HT_SINE ht_sine_open HtSineStream (x) ();
    HT_TRENDLINE ht_trendline_open HtTrendlineStream (x) ();
    HT_TRENDMODE ht_trendmode_open HtTrendmodeStream (x) ();
    IBS ibs_open IbsStream (high low close) ();
    ICHIMOKU ichimoku_open IchimokuStream (high low) (int int int);
    IMI imi_open ImiStream (open close) (int);
    KAMA kama_open KamaStream (x) (int);
    KC kc_open KcStream (high low close) (int int real);
    KDJ kdj_open KdjStream (high low close) (int int average int average);
    KST kst_open KstStream (x) (int int int int int int int int int);
    KSTEXT kstext_open KstextStream (x) (int int int int int int int int int average average);
    KURTOSIS kurtosis_open KurtosisStream (x) (int);
    KVO kvo_open KvoStream (high low close volume) (int int int);
    LINEARREG linearreg_open LinearregStream (x) (int);
    LINEARREG_ANGLE linearreg_angle_open LinearregAngleStream (x) (int);
    LINEARREG_INTERCEPT linearreg_intercept_open LinearregInterceptStream (x) (int);
    LINEARREG_SLOPE linearreg_slope_open LinearregSlopeStream (x) (int);
    LN ln_open LnStream (x) ();
    LOG10 log10_open Log10Stream (x) ();
    MA ma_open MaStream (x) (int average);
    MACD macd_open MacdStream (x) (int int int);
    MACDEXT macdext_open MacdextStream (x) (int average int average int average);
    MACDFIX macdfix_open MacdfixStream (x) (int);
    MAMA mama_open MamaStream (x) (real real);
    MARKETFI marketfi_open MarketfiStream (high low volume) ();
    MASSI massi_open MassiStream (high low) (int int);
    MAVP mavp_open MavpStream (x periods) (int int average);
    MAX max_open MaxStream (x) (int);
    MAXINDEX maxindex_open MaxindexStream (x) (int);
    MCGD mcgd_open McgdStream (x) (int);
    MEDIAN median_open MedianStream (x) (int);
    MEDPRICE medprice_open MedpriceStream (high low) ();
    MFI mfi_open MfiStream (high low close volume) (int);
    MIDPOINT midpoint_open MidpointStream (x) (int);
    MIDPRICE midprice_open MidpriceStream (high low) (int);
    MIN min_open MinStream (x) (int);
    MININDEX minindex_open MinindexStream (x) (int);
    MINMAX minmax_open MinmaxStream (x) (int);
    MINMAXINDEX minmaxindex_open MinmaxindexStream (x) (int);
    MINUS_DI minus_di_open MinusDiStream (high low close) (int);
    MINUS_DM minus_dm_open MinusDmStream (high low) (int);
    MOM mom_open MomStream (x) (int);
    MULT mult_open MultStream (x0 x1) ();
    NATR natr_open NatrStream (high low close) (int);
    NVI nvi_open NviStream (close volume) ();
    OBV obv_open ObvStream (x volume) ();
    PERCENTB percentb_open PercentbStream (x) (int real real average);
    PERCENTILE percentile_open PercentileStream (x) (int real);
    PERCENTRANK percentrank_open PercentrankStream (x) (int);
    PLUS_DI plus_di_open PlusDiStream (high low close) (int);
    PLUS_DM plus_dm_open PlusDmStream (high low) (int);
    PPO ppo_open PpoStream (x) (int int average);
    PSO pso_open PsoStream (high low close) (int int);
    PVI pvi_open PviStream (close volume) ();
    PVO pvo_open PvoStream (volume) (int int average);
    PVT pvt_open PvtStream (close volume) ();
    QSTICK qstick_open QstickStream (open close) (int);
    RMA rma_open RmaStream (x) (int);
    ROC roc_open RocStream (x) (int);
    ROCP rocp_open RocpStream (x) (int);
    ROCR rocr_open RocrStream (x) (int);
    ROCR100 rocr100_open Rocr100Stream (x) (int);
    ROGERSSATCHELL rogerssatchell_open RogerssatchellStream (open high low close) (int real);
    RSI rsi_open RsiStream (x) (int);
    RVI rvi_open RviStream (x) (int int);
    RVIR rvir_open RvirStream (high low) (int int);
    RVOL rvol_open RvolStream (volume) (int);
    SAR sar_open SarStream (high low) (real real);
    SAREXT sarext_open SarextStream (high low) (real real real real real real real real);
    SI si_open SiStream (open high low close) (real);
    SIN sin_open SinStream (x) ();
    SINH sinh_open SinhStream (x) ();
    SMA sma_open SmaStream (x) (int);
    SMI smi_open SmiStream (high low close) (int int int int);
    SQRT sqrt_open SqrtStream (x) ();
    SQZMOM sqzmom_open SqzmomStream (high low close) (int real int real real real);
    STC stc_open StcStream (x) (int int int);
    STDDEV stddev_open StddevStream (x) (int real);
    STOCH stoch_open StochStream (high low close) (int int average int average);
    STOCHF stochf_open StochfStream (high low close) (int int average);
    STOCHRSI stochrsi_open StochrsiStream (x) (int int int average);
    SUB sub_open SubStream (x0 x1) ();
    SUM sum_open SumStream (x) (int);
    SUPERTREND supertrend_open SupertrendStream (high low close) (int real);
    SWAK_2PHP swak_2php_open Swak2phpStream (x) (int);
    SWAK_BP swak_bp_open SwakBpStream (x) (int real);
    SWAK_BUTTER swak_butter_open SwakButterStream (x) (int);
    SWAK_GAUSS swak_gauss_open SwakGaussStream (x) (int);
    SWAK_HP swak_hp_open SwakHpStream (x) (int);
    T3 t3_open T3Stream (x) (int real);
    TAN tan_open TanStream (x) ();
    TANH tanh_open TanhStream (x) ();
    TEMA tema_open TemaStream (x) (int);
    TRANGE trange_open TrangeStream (high low close) ();
    TRIMA trima_open TrimaStream (x) (int);
    TRIX trix_open TrixStream (x) (int);
    TSF tsf_open TsfStream (x) (int);
    TSI tsi_open TsiStream (x) (int int);
    TYPPRICE typprice_open TyppriceStream (high low close) ();
    ULTOSC ultosc_open UltoscStream (high low close) (int int int);
    VAR var_open VarStream (x) (int real);
    VHF vhf_open VhfStream (x) (int);
    VIDYA vidya_open VidyaStream (x) (int int);
    VORTEX vortex_open VortexStream (high low close) (int);
    VWAP vwap_open VwapStream (high low close volume) ();
    VWMA vwma_open VwmaStream (x volume) (int);
    WAD wad_open WadStream (high low close) ();
    WAVETREND wavetrend_open WavetrendStream (high low close) (int int int);
    WCLPRICE wclprice_open WclpriceStream (high low close) ();
    WILLR willr_open WillrStream (high low close) (int);
    WMA wma_open WmaStream (x) (int);
    ZIGZAG zigzag_open ZigzagStream (high low) (real int);
    ZLEMA zlema_open ZlemaStream (x) (int);
}

use super::*;

fn named(path: &str) -> String {
    text_of(guess(Path::new(path)))
}

fn text_of(guess: Guess) -> String {
    let or = |name: Option<String>| name.unwrap_or_else(|| "-".to_owned());
    let interval = guess.interval.map(|i| i.to_string());
    let interval = interval.or(guess.perhaps.map(|p| match p.symbol {
        Some(symbol) => format!("{symbol}:{}?", p.interval),
        None => format!("{}?", p.interval),
    }));
    let (market, venue) = (or(guess.market), or(guess.venue));
    format!("{market}/{venue}/{}:{}", or(guess.symbol), or(interval))
}

#[test]
fn paths_name_series() {
    for (path, expected) in [
        ("crypto/bybit/BTCUSDT_1h.csv.gz", "crypto/bybit/BTCUSDT:1h"),
        (
            "data/bybit_linear/ETHUSDT_15m.csv.gz",
            "crypto/bybit_linear/ETHUSDT:15m",
        ),
        ("Stocks/NYSE/ibm-1d.CSV", "equity/nyse/IBM:1d"),
        ("etf/SPY.parquet", "equity/-/SPY:-"),
        ("forex/dukascopy/EURUSD_60m.tsv", "fx/dukascopy/EURUSD:1h"),
        ("us_sp500/BRK-B_1d.csv.gz", "equity/us_sp500/BRK-B:1d"),
        ("x/fx_spot/EURUSD.csv", "fx/fx_spot/EURUSD:-"),
        (
            "binance/BTCUSDT-1h-2024-01.zip",
            "crypto/binance/BTCUSDT:1h",
        ),
        (
            "binance/BTCUSDT-1M-2024-01.zip",
            "crypto/binance/BTCUSDT:1M",
        ),
        (
            "bybit/BTCUSDT_15_2024-01-01_2024-01-31.csv.gz",
            "crypto/bybit/BTCUSDT:15m",
        ),
        ("somewhere/AAPL-2020-01-01.csv", "-/somewhere/AAPL:-"),
        ("somewhere/600519.csv", "-/somewhere/600519:-"),
        ("./AAPL.csv", "-/-/AAPL:-"),
        ("../../AAPL_1d.csv", "-/-/AAPL:1d"),
        ("crypto/stocks/v/A_1d.csv", "equity/v/A:1d"),
        ("crypto/old/2020/X_1h.csv", "crypto/old/X:1h"),
        ("stocks/data/bybit/X_1h.csv", "crypto/bybit/X:1h"),
        ("bybit/.csv", "crypto/bybit/.CSV:-"),
        ("x/BITSTAMP_BTCUSD, 60.csv", "crypto/bitstamp/BTCUSD:1h"),
        ("x/NASDAQ_MSFT, 1D (2).csv", "equity/nasdaq/MSFT:1d"),
        ("fx/OANDA_EURUSD, 15.csv", "fx/oanda/EURUSD:15m"),
        (
            "fx/broker/EURUSD_H1_202401020000_202401312300.csv",
            "fx/broker/EURUSD_H1:EURUSD:1h?",
        ),
        ("fx/mt/XAUUSD_Daily_202401020000.csv", "fx/mt/XAUUSD:1d"),
        ("fx/mt/XAUUSD_MN1.csv", "fx/mt/XAUUSD_MN1:XAUUSD:1M?"),
        ("fx/mt/GBPUSD240.csv", "fx/mt/GBPUSD:4h"),
        ("fx/mt/NAS100.csv", "fx/mt/NAS100:-"),
        ("fx/inv/EUR_USD Historical Data.csv", "fx/inv/EUR_USD:-"),
    ] {
        assert_eq!(named(path), expected, "{path}");
    }
}

/// A question mark: the bars have to confirm the interval, and the symbol is without it then.
#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn folders_of_pairs_and_trees_of_exchanges_name_series() {
    for (path, expected) in [
        ("binance/BTCUSDT/1h.csv", "crypto/binance/BTCUSDT:1h"),
        (
            "crypto/binance/ETHUSDT/2024-01.csv",
            "crypto/binance/ETHUSDT:-",
        ),
        (
            "crypto/binance/eth-btc/data.csv",
            "crypto/binance/ETH-BTC:-",
        ),
        ("crypto/kraken/XBTUSD/60.csv", "crypto/kraken/XBTUSD:1h?"),
        ("crypto/kraken/XBTUSD/H1.csv", "crypto/kraken/XBTUSD:1h?"),
        (
            "crypto/mine/SOL_USDT/1h/2024.csv",
            "crypto/mine/SOL_USDT:1h?",
        ),
        ("crypto/SOLUSDT/1h.csv", "crypto/-/SOLUSDT:1h"),
        ("BTCUSDT/2024-01.csv", "crypto/-/BTCUSDT:-"),
        ("EURUSD/2024/01.csv", "fx/-/EURUSD:-"),
        ("stocks/AAPL/1d.csv", "equity/-/AAPL:1d"),
        ("stocks/nasdaq/aapl/1d.csv", "equity/nasdaq/AAPL:1d"),
        ("crypto/mine/1h.csv", "crypto/mine/-:1h"),
        ("crypto/binance/part-0.parquet", "crypto/binance/-:-"),
        ("stocks/tse/1928.csv", "equity/tse/1928:-"),
        (
            "crypto/binance/symbol=BTCUSDT/part-0.parquet",
            "crypto/binance/BTCUSDT:-",
        ),
        (
            "exchange=Kraken/symbol=BTC%2FUSD/timeframe=4h/year=2024/data_0.parquet",
            "crypto/kraken/BTCUSD:4h",
        ),
        (
            "market=stocks/venue=nyse/ticker=ibm/interval=1d/part-00000-a1b2.snappy.parquet",
            "equity/nyse/IBM:1d",
        ),
        ("yahoo/EURUSD=X.csv", "fx/yahoo/EURUSD=X:-"),
        (
            "data/spot/monthly/klines/BTCUSDT/1h/BTCUSDT-1h-2024-12.zip",
            "crypto/binance/BTCUSDT:1h",
        ),
        (
            "data/futures/um/daily/klines/BTCUSDT/15m/BTCUSDT-15m-2024-12-01.zip",
            "crypto/binance_um/BTCUSDT:15m",
        ),
        (
            "data/futures/um/monthly/markPriceKlines/BTCUSDT/1h/BTCUSDT-1h-2024-12.zip",
            "crypto/binance_um_mark/BTCUSDT:1h",
        ),
        (
            "data/futures/cm/monthly/indexPriceKlines/BTCUSD/1h/BTCUSD-1h-2024-12.zip",
            "crypto/binance_cm_index/BTCUSD:1h",
        ),
        (
            "futures/cm/monthly/klines/BTCUSD_PERP/1d/BTCUSD_PERP-1d-2024-12.zip",
            "crypto/binance_cm/BTCUSD_PERP:1d",
        ),
        (
            "binance/futures/BTC_USDT_USDT-1h-futures.json",
            "crypto/binance_futures/BTC_USDT_USDT:1h",
        ),
        (
            "binance/futures/BTC_USDT_USDT-8h-mark.json",
            "crypto/binance_futures_mark/BTC_USDT_USDT:8h",
        ),
        ("binance/spot/BTCUSDT_1h.csv", "crypto/binance/BTCUSDT:1h"),
        ("BTCUSDT/BTCUSDT-1h-2024-12.csv", "crypto/-/BTCUSDT:1h"),
        ("crypto/btc-usdt/BTCUSDT_1h.csv", "crypto/-/BTCUSDT:1h"),
        ("/home/kraken/x/AAPL.csv", "-/x/AAPL:-"),
    ] {
        assert_eq!(named(path), expected, "{path}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn file_names_of_many_sources_name_series() {
    for (path, expected) in [
        ("x/Binance_BTCUSDT_1h.csv", "crypto/binance/BTCUSDT:1h"),
        (
            "x/Binance_BTCUSDT_2024_minute.csv",
            "crypto/binance/BTCUSDT:1m",
        ),
        (
            "crypto/mix/gemini_BTCUSD_2021_1min.csv",
            "crypto/gemini/BTCUSD:1m",
        ),
        ("crypto/x/XBTUSD_60.csv", "crypto/x/XBTUSD_60:XBTUSD:1h?"),
        (
            "crypto/x/bybit_BTCUSDT_60.csv",
            "crypto/bybit/BTCUSDT_60:BTCUSDT:1h?",
        ),
        ("crypto/x/BTC-USDT_1hour.csv", "crypto/x/BTC-USDT:1h"),
        ("crypto/x/BTCUSDT_1hr.csv", "crypto/x/BTCUSDT:1h"),
        ("crypto/x/ETHUSDT_60min.csv", "crypto/x/ETHUSDT:1h"),
        ("crypto/x/SOLUSDT-1H.csv", "crypto/x/SOLUSDT:1h"),
        ("crypto/x/XRPUSDT_h4.csv", "crypto/x/XRPUSDT_H4:XRPUSDT:4h?"),
        ("crypto/x/BTCUSDT.P_1h.csv", "crypto/x/BTCUSDT.P:1h"),
        ("crypto/x/BTC_USDT_1h_2024.csv", "crypto/x/BTC_USDT:1h"),
        (
            "crypto/x/btcusdt_2024-01-01_2024-02-01_1h.csv",
            "crypto/x/BTCUSDT:1h",
        ),
        (
            "crypto/x/ADA_USDT-1h-futures.csv",
            "crypto/x_futures/ADA_USDT:1h",
        ),
        ("crypto/x/HTX-USDT_1h.csv", "crypto/x/HTX-USDT:1h"),
        ("crypto/x/1h_BTCUSDT.csv", "crypto/x/BTCUSDT:1h"),
        ("crypto/x/BTCUSDT_15_minutes.csv", "crypto/x/BTCUSDT:15m"),
        (
            "crypto/okx/BTC-USDT-SWAP_1h.csv",
            "crypto/okx/BTC-USDT-SWAP:1h",
        ),
        (
            "fx/duka/EURUSD_Candlestick_1_Hour_BID_01.01.2024-04.01.2024.csv",
            "fx/duka/EURUSD:1h",
        ),
        (
            "fx/duka/EURUSD_Candlestick_1_M_ASK_01.01.2024-04.01.2024.csv",
            "fx/duka_ask/EURUSD:1m",
        ),
        (
            "eurusd-h1-bid-2024-01-01-2024-02-01.csv",
            "fx/-/EURUSD-H1:EURUSD:1h?",
        ),
        (
            "fx/hd/DAT_ASCII_EURUSD_M1_202401.csv",
            "fx/hd/EURUSD_M1:EURUSD:1m?",
        ),
        (
            "equity/nse/Quote-Equity-RELIANCE-EQ-01-01-2024-to-01-04-2024.csv",
            "equity/nse/RELIANCE:-",
        ),
        ("stocks/x/AAL_data.csv", "equity/x/AAL:-"),
        ("stocks/x/AAPL (1).csv", "equity/x/AAPL:-"),
        ("stocks/x/AAPL_1.csv", "equity/x/AAPL_1:AAPL:1m?"),
        ("stocks/x/SPOT.csv", "equity/x/SPOT:-"),
        ("stocks/x/SPOT_1d.csv", "equity/x/SPOT:1d"),
        ("stocks/x/BAR.csv", "equity/x/BAR:-"),
        ("cme/ES_H4.csv", "-/cme/ES_H4:ES:4h?"),
        (
            "crypto/x/BTCUSDT_240329-1h-2024-01.csv",
            "crypto/x/BTCUSDT_240329:1h",
        ),
        (
            "BINANCE_BTCUSDT.P, 60_1f2a3.csv",
            "crypto/binance/BTCUSDT.P:1h",
        ),
        ("equity/usa/daily/aapl.zip", "equity/usa/AAPL:1d?"),
        (
            "equity/usa/minute/aapl/20240102_trade.csv",
            "equity/usa/AAPL:1m?",
        ),
    ] {
        assert_eq!(named(path), expected, "{path}");
    }
}

/// A folder that holds other symbols is none itself.
#[test]
fn a_file_that_is_called_like_a_word_is_a_symbol_beside_others() {
    for (path, expected) in [
        ("HKEX/1928.csv", "-/hkex/1928:-"),
        ("stocks/HKEX/1928.csv", "equity/hkex/1928:-"),
        ("US/BAR.csv", "-/us/BAR:-"),
        ("stocks/US/BAR.csv", "equity/us/BAR:-"),
        ("us_sp500/caps/BID.csv", "equity/us_sp500/BID:-"),
        ("us_sp500/mid/DATA.csv", "equity/us_sp500/DATA:-"),
        // Where the folder is the symbol.
        ("AAPL/2024.csv", "-/-/AAPL:-"),
        ("stocks/nasdaq/AAPL/1d.csv", "equity/nasdaq/AAPL:1d"),
        ("EURUSD/BID.csv", "fx/-/EURUSD:-"),
        (
            "crypto/binance/BTCUSDT/DATA.csv",
            "crypto/binance/BTCUSDT:-",
        ),
        ("crypto/mine/sol/DATA.csv", "crypto/mine/SOL:-"),
    ] {
        assert_eq!(named(path), expected, "{path}");
    }
}

/// The symbol, or what is in the file, tells more than a folder that is called a little like a venue.
#[test]
fn a_market_is_told_by_what_is_sure() {
    for (path, expected, usual) in [
        ("yahoo/BTC-USD.csv", "crypto/yahoo/BTC-USD:-", "equity"),
        ("yahoo/AAPL.csv", "-/yahoo/AAPL:-", "equity"),
        ("yfinance/EURUSD=X.csv", "fx/yfinance/EURUSD=X:-", "equity"),
        ("forex-bot/ETHUSDT.csv", "crypto/forex-bot/ETHUSDT:-", "fx"),
        ("binance-bot/AAPL.csv", "-/binance-bot/AAPL:-", "crypto"),
        ("oanda/BTC_USD.csv", "crypto/oanda/BTC_USD:-", "fx"),
        ("krx/HYUNDAI.csv", "-/krx/HYUNDAI:-", "-"),
        ("x/ETHDAI.csv", "crypto/x/ETHDAI:-", "-"),
        (
            "binance_us/EURUSD.csv",
            "crypto/binance_us/EURUSD:-",
            "crypto",
        ),
        (
            "kraken_ohlc_2024/EURUSD.csv",
            "crypto/kraken_ohlc_2024/EURUSD:-",
            "crypto",
        ),
        ("stocks/BTC-USD.csv", "equity/-/BTC-USD:-", "-"),
    ] {
        assert_eq!(named(path), expected, "{path}");
        let found = guess(Path::new(path)).usual_market;
        assert_eq!(found.as_deref().unwrap_or("-"), usual, "{path}");
    }
}

#[test]
fn the_name_of_a_zip_file_says_what_its_members_do_not() {
    for (zip, member, expected) in [
        (
            "x/Binance_BTCUSDT_1h.zip",
            "data.csv",
            "crypto/binance/BTCUSDT:1h",
        ),
        (
            "x/binance_futures.zip",
            "BTCUSDT_1h.csv",
            "crypto/binance_futures/BTCUSDT:1h",
        ),
        (
            "x/bybit.zip",
            "2024/ETHUSDT_1h.csv",
            "crypto/bybit/ETHUSDT:1h",
        ),
        (
            "crypto/mine/futures.zip",
            "ETHUSDT_1h.csv",
            "crypto/mine_futures/ETHUSDT:1h",
        ),
        (
            "x/binance_futures.zip",
            "okx/ETHUSDT_1h.csv",
            "crypto/okx_futures/ETHUSDT:1h",
        ),
        // The zip file is nearer than the folder that it lies in.
        ("OLD/SOLUSDT-1h.zip", "data.csv", "crypto/old/SOLUSDT:1h"),
    ] {
        let zip = Path::new(zip);
        let member = zip.with_file_name(member);
        let guess = guess_of_member(&member, zip);
        assert_eq!(text_of(guess), expected, "{}", zip.display());
    }
}

#[test]
fn a_pipe_is_called_like_no_series() {
    for path in ["/dev/stdin", "/dev/fd/63", "/proc/self/fd/0"] {
        assert_eq!(named(path), "-/-/-:-");
    }
    assert_eq!(
        named("/dev/shm/crypto/bybit/BTCUSDT_1h.csv"),
        "crypto/bybit/BTCUSDT:1h"
    );
}
